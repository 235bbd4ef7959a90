#include "gradcheck/jacobian/diagnose/suspect_manifold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <optional>

namespace dtheta::gradcheck::detail {
namespace {

/// What a Jacobian by another retraction is, and how well that is known.
struct Other {
  std::vector<double> values, bars;  // as the patch
};

/// f's derivatives along the columns of a mistaken retraction, by central differences of f itself.
std::optional<Other> measured(const Patch& patch, std::size_t first_row,
                              const AmbientFunction& ambient, const Block& block,
                              const Retraction& plus) {
  constexpr double step = 1e-3;
  const auto own = ambient.x.values().subspan(block.offset, block.size);
  Other other;
  other.values.assign(patch.size(), 0.0);
  other.bars.assign(patch.size(), 0.0);
  for (std::size_t k = 0; k < patch.columns; ++k) {
    const auto at = [&](double move) {
      std::vector<double> x(ambient.x.values().begin(), ambient.x.values().end());
      std::vector<double> delta(patch.columns, 0.0);
      delta[k] = move;
      plus(own, delta, std::span(x).subspan(block.offset, block.size));
      return ambient.f.at(x, ambient.outputs);
    };
    std::vector<double> near, far, back, beyond;
    try {
      near = at(step), far = at(2 * step), back = at(-step), beyond = at(-2 * step);
    } catch (const std::bad_alloc&) {
      throw;
    } catch (const std::exception&) {
      return std::nullopt;  // f has no values off the manifold
    }
    for (std::size_t i = 0; i < patch.rows; ++i) {
      const std::size_t r = first_row + i;
      const double second = (near[r] - back[r]) / (2 * step);
      const double fourth = (8 * (near[r] - back[r]) - (far[r] - beyond[r])) / (12 * step);
      other.values[patch.at(i, k)] = fourth;
      // Right to gap² and to rounding: enough to recognise, not to judge.
      const double gap = std::abs(fourth - second);
      other.bars[patch.at(i, k)] = 1e-2 * gap + 1e-12 * std::abs(near[r]) / step;
      if (!std::isfinite(fourth)) return std::nullopt;
    }
  }
  return other;
}

}  // namespace

const Manifold* AmbientFunction::of(std::string_view block) const {
  const auto found = std::ranges::find(manifolds, block, &ManifoldBlock::block);
  return found == manifolds.end() ? nullptr : &found->manifold;
}

void suspect_manifold(const Patch& patch, std::size_t first_row, const AmbientFunction& ambient,
                      std::string_view block, std::vector<JacobianCause>& causes) {
  const Manifold* manifold = ambient.of(block);
  if (manifold == nullptr) return;
  for (const Mistake& mistake : manifold->mistakes) {
    const auto other = measured(patch, first_row, ambient, ambient.x.block(block), mistake.plus);
    if (!other) continue;
    const PatchFit fit = fit_of(patch, [&](std::size_t i, std::size_t j, double& bar) {
      bar += other->bars[patch.at(i, j)];
      return other->values[patch.at(i, j)];
    });
    if (!fit.explains) continue;
    constexpr double preferred = 0.02;  // to the same as a factor or an order
    causes.push_back({mistake.pattern, 0.0,
                      std::min(0.99, sureness_of(fit.witnesses, 1) + preferred), patch.name,
                      fmt::format("{}: {}", patch.name, mistake.sentence)});
  }
}

}  // namespace dtheta::gradcheck::detail
