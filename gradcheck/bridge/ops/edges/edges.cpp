#include "gradcheck/bridge/ops/edges/edges.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gradcheck/bridge/ops/edges/edge_case.hpp"
#include "gradcheck/bridge/ops/edges/exempt.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr Index most_elements = 32;
constexpr std::size_t most_samples = 8;

/// How many elements the operands have together, 0 if one has none.
Index elements(const SampleCase& sample) {
  Index n = 0;
  for (const SampleInput& in : sample.inputs) {
    if (in.shape.size() == 0) return 0;
    n += in.shape.size();
  }
  return n;
}

}  // namespace

std::vector<bool> edge_samples(const OpRecord& op, std::span<const SampleCase> samples) {
  std::vector<bool> chosen(samples.size(), false);
  std::vector<std::size_t> list;
  for (const bool single : {true, false}) {
    for (std::size_t i = 0; i < samples.size() && list.size() < most_samples; ++i) {
      const Index n = elements(samples[i]);
      const bool has_few = n > 0 && n <= static_cast<Index>(samples[i].inputs.size());
      if (n == 0 || n > most_elements || has_few != single) continue;
      const auto alike = std::ranges::count_if(list, [&](std::size_t k) {
        const bool k_single = elements(samples[k]) <= static_cast<Index>(samples[k].inputs.size());
        return k_single == single &&
               (op.bytes == 0 || op.equal(samples[k].op.get(), samples[i].op.get()));
      });
      if (alike > 0) continue;
      chosen[i] = true;
      list.push_back(i);
    }
  }
  return chosen;
}

void test_edges(const OpRecord& op, const SampleCase& sample, std::size_t number, bool drawn,
                OpReport& report) {
  const OpCase recorded(op, sample, number);
  const auto to = [&](Edge edge) {
    const auto at = static_cast<std::size_t>(edge);
    return EdgeReport{report.edges[at], [&report, &recorded, number, at](std::string what) {
                        report.failures.push_back({number, recorded.shapes,
                                                   fmt::format("{}: {}", edge_names[at], what),
                                                   static_cast<Edge>(at)});
                      }};
  };
  const auto held_to = [&](Edge edge) { return exempt(op.info.name, edge).empty(); };
  if (held_to(Edge::empty)) test_empty(op, sample, to(Edge::empty));
  if (!drawn || !recorded.has_derivative) return;
  EdgeCase c(sample, recorded);
  if (held_to(Edge::second)) test_second(c, number, to(Edge::second));
  if (held_to(Edge::range)) test_range(c, number, to(Edge::range));
  if (held_to(Edge::infinity)) test_infinity(c, number, to(Edge::infinity));
  if (held_to(Edge::nan)) test_nan(c, number, to(Edge::nan));
}

}  // namespace dtheta::gradcheck
