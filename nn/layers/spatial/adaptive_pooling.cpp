#include "nn/layers/spatial/adaptive_pooling.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn::detail {
namespace {

using dtheta::detail::require_per_axis;

std::string name_of(AdaptivePool::Kind kind, int axes) {
  return fmt::format("adaptive_{}_pool{}d", kind == AdaptivePool::Kind::avg ? "avg" : "max", axes);
}

}  // namespace

AdaptivePool::AdaptivePool(Kind kind, int axes, const PerAxis& out)
    : kind_(kind), axes_(axes), out_(out) {
  require_per_axis(name_of(kind, axes), "number of positions", out, axes, 1);
}

Var AdaptivePool::forward(Recording&, Var x) const {
  using Pool = Var (*)(Arg, PerAxis);
  static constexpr std::array<std::array<Pool, 3>, 2> pools{
      {{adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d},
       {adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d}}};
  require_planes(name_of(kind_, axes_), x,
                 {.least_axes = axes_, .most_axes = axes_, .single = true});
  const std::size_t kind = kind_ == Kind::avg ? 0 : 1;
  return pools.at(kind).at(static_cast<std::size_t>(axes_ - 1))(x, out_);
}

}  // namespace dtheta::nn::detail
