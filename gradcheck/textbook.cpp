#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/adaptive.hpp"
#include "gradcheck/finite_difference.hpp"
#include "gradcheck/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t chunk_entries = 1024;

}  // namespace

Findings measure_textbook(const Request& request) {
  Findings found;
  found.noise = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  const double epsilon = request.options.epsilon;
  Finding untouched;
  untouched.numeric = std::numeric_limits<double>::quiet_NaN();
  untouched.bar = std::numeric_limits<double>::infinity();
  found.entries.assign(request.theta.size(), untouched);
  const auto values = request.theta.values();
  std::size_t done = 0;
  for (const Block& block : request.blocks) {
    for (std::size_t first = 0; first < block.size; first += chunk_entries) {
      const std::size_t count = std::min(chunk_entries, block.size - first);
      const std::size_t at = block.offset + first;
      std::size_t measured = count;
      // The evaluator counts from the start of θ, the estimate from the start of the chunk.
      const ProbeEvaluator shifted = [&](std::span<const Probe> probes, std::span<double> out) {
        std::vector<Probe> moved(probes.begin(), probes.end());
        for (Probe& probe : moved) probe.index += at;
        try {
          request.evaluate(moved, out);
        } catch (const Stopped& stop) {
          measured = stop.answered / 2;
        }
      };
      const auto numeric = two_sided_difference(shifted, values.subspan(at, count), epsilon);
      for (std::size_t i = 0; i < measured; ++i) {
        Finding& finding = found.entries[at + i];
        finding.numeric = numeric[i];
        finding.bar = found.noise / epsilon;
        finding.step = epsilon;
        finding.verdict = Verdict::pass;
        finding.flat = numeric[i] == 0.0;
      }
      done += measured;
      if (measured < count || !request.proceed(done)) {
        found.complete = false;
        return found;
      }
    }
  }
  return found;
}

}  // namespace dtheta::gradcheck::detail
