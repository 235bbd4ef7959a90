#include "gradcheck/bridge/ops/replay_agreement.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "autodiff/workspace.hpp"
#include "gradcheck/numeric/same_bits.hpp"

namespace dtheta::gradcheck {
namespace {

using detail::same_bits;

/// Sum of |x dL/dx|: how much L moves when every operand is rounded. Where it exceeds L itself,
/// as in a sum that cancels, no computation in float can do better.
double condition(const OpCase& c) {
  double sum = 0;
  for (std::size_t k = 0; k < c.gradient.size(); ++k) {
    const auto x = c.differentiated[k].data<double>(), g = c.gradient[k].data<double>();
    for (std::size_t i = 0; i < x.size(); ++i) sum += std::abs(x[i] * g[i]);
  }
  return std::isfinite(sum) ? sum : 0;
}

}  // namespace

std::string compare_replays(const OpCase& c) {
  std::vector<Var> values = c.everything();
  if (c.y.is_index()) values.clear();
  Workspace<double> tight{Plan(c.everything())},
      loose{Plan(c.everything(), {.reuse_memory = false})};
  tight.run();
  loose.run();
  for (Var v : values) {
    if (!same_bits(tight[v], v.data<double>())) return "replay differs from the recording";
    if (!same_bits(loose[v], v.data<double>())) {
      return "replay without reuse of memory differs from the recording";
    }
  }
  for (Var x : c.differentiated) {
    if (x.size() == 0) continue;
    for (auto* ws : {&tight, &loose}) ws->leaf(x)[0] += 0x1p-10;
    tight.run();
    loose.rerun(x);
    for (Var v : values) {
      if (!same_bits(tight[v], loose[v])) return "partial replay differs from a full one";
    }
  }
  return {};
}

double float_ulps(const OpCase& c) {
  if (c.y.is_index()) return 0;
  const Plan plan({c.y});
  Workspace<float> narrow(plan);
  Workspace<double> wide(plan);
  for (Var x : c.operands) {
    if (x.is_index()) continue;
    const auto from = narrow.leaf(x);
    std::ranges::copy(from, wide.leaf(x).begin());
  }
  narrow.run();
  wide.run();
  const auto y = wide[c.y];
  double size = 0, apart = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double d = y[i], f = static_cast<double>(narrow[c.y][i]);
    const bool both_special = (std::isnan(d) && std::isnan(f)) || d == f;
    if (both_special || std::abs(d) > std::numeric_limits<float>::max()) continue;
    const double weight = c.has_derivative ? std::abs(c.cotangent.data<double>()[i]) : 1;
    size += weight * std::abs(d);
    apart += weight * (std::isnan(f - d) ? INFINITY : std::abs(f - d));
  }
  const double scale = std::max({size, condition(c), double{std::numeric_limits<float>::min()}});
  return apart / (scale * 0x1p-23);
}

}  // namespace dtheta::gradcheck
