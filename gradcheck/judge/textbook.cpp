#include <algorithm>
#include <cmath>
#include <vector>

#include "gradcheck/judge/adaptive.hpp"
#include "gradcheck/numeric/noise.hpp"

namespace dtheta::gradcheck::detail {
namespace {

constexpr std::size_t chunk_entries = 1024;

}  // namespace

Findings measure_textbook(const Request& request) {
  Findings found;
  found.noise = std::max(request.noise, unit_roundoff * std::abs(request.cost));
  const double epsilon = request.options.epsilon;
  found.entries.assign(request.theta.size(), Finding{});
  const auto values = request.theta.values();
  std::size_t done = 0;
  std::vector<Probe> probes;
  std::vector<double> answers;
  for (const Block& block : request.blocks) {
    for (std::size_t first = 0; first < block.size; first += chunk_entries) {
      const std::size_t count = std::min(chunk_entries, block.size - first);
      const std::size_t at = block.offset + first;
      probes.clear();
      for (std::size_t i = at; i < at + count; ++i) {
        probes.push_back({i, values[i] + epsilon});
        probes.push_back({i, values[i] - epsilon});
      }
      answers.resize(probes.size());
      std::size_t measured = count;
      try {
        request.evaluate(probes, answers);
      } catch (const Stopped& stop) {
        measured = stop.answered / 2;
      }
      for (std::size_t i = 0; i < measured; ++i) {
        Finding& finding = found.entries[at + i];
        finding.numeric = (answers[2 * i] - answers[2 * i + 1]) / (2.0 * epsilon);
        finding.bar = found.noise / epsilon;
        finding.step = epsilon;
        finding.verdict = Verdict::pass;
        finding.reason = Reason::slope;
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
