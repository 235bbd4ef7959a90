#include "gradcheck/jacobian/tangent.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck::detail {

Tangent::Tangent(const ParameterVector& x, std::span<const ManifoldBlock> manifolds)
    : x_(x), manifolds_(manifolds.begin(), manifolds.end()) {
  on_.assign(x.blocks().size(), nullptr);
  for (const ManifoldBlock& m : manifolds_) {
    const Block& block = x.block(m.block);
    const auto at = static_cast<std::size_t>(&block - x.blocks().data());
    if (on_[at] != nullptr) {
      throw NameError(fmt::format("manifolds: block {} is named twice", m.block));
    }
    if (block.size != m.manifold.ambient) {
      throw ShapeError(fmt::format("manifolds: block {} has {} entries, but a point on {} has {}",
                                   m.block, block.size, m.manifold.name, m.manifold.ambient));
    }
    if (!m.manifold.lengths.empty() && m.manifold.lengths.size() != m.manifold.tangent) {
      throw ShapeError(fmt::format("manifolds: {} has {} lengths for a tangent of {}",
                                   m.manifold.name, m.manifold.lengths.size(), m.manifold.tangent));
    }
    if (!m.manifold.plus) {
      throw OptionError(fmt::format("manifolds: {} has no function plus", m.manifold.name));
    }
    for (const double length : m.manifold.lengths) {
      if (length > 0.0 && std::isfinite(length)) continue;
      throw OptionError(fmt::format("manifolds: a length of {} for {}; lengths are positive",
                                    length, m.manifold.name));
    }
    on_[at] = &m.manifold;
  }
  for (std::size_t b = 0; b < on_.size(); ++b) {
    const Block& block = x.blocks()[b];
    if (on_[b] == nullptr) {
      lengths_.add(block.name, block.layer, block.shape, x.values(block.name));
      continue;
    }
    std::vector<double> lengths = on_[b]->lengths;
    lengths.resize(on_[b]->tangent, 1.0);
    lengths_.add(block.name, block.layer, {on_[b]->tangent}, lengths);
  }
}

std::vector<double> Tangent::point(std::span<const double> coordinates) const {
  std::vector<double> moved(x_.values().begin(), x_.values().end());
  for (std::size_t b = 0; b < on_.size(); ++b) {
    const Block& from = lengths_.blocks()[b];
    const Block& to = x_.blocks()[b];
    const auto out = std::span(moved).subspan(to.offset, to.size);
    const auto at = coordinates.subspan(from.offset, from.size);
    if (on_[b] == nullptr) {
      std::ranges::copy(at, out.begin());
      continue;
    }
    std::vector<double> delta(from.size);
    bool still = true;
    for (std::size_t k = 0; k < delta.size(); ++k) {
      delta[k] = at[k] - lengths_.values()[from.offset + k];
      still = still && delta[k] == 0.0;
    }
    // A block that does not move keeps its bits.
    if (!still) on_[b]->plus(x_.values().subspan(to.offset, to.size), delta, out);
  }
  return moved;
}

VectorFunction Tangent::moved(const VectorFunction& f, std::size_t outputs) const {
  const bool plain = std::ranges::all_of(on_, [](const Manifold* m) { return m == nullptr; });
  if (plain) return f;
  const auto self = std::make_shared<Tangent>(x_, manifolds_);
  return VectorFunction([self, f, outputs](std::span<const double> coordinates) {
    return f.at(self->point(coordinates), outputs);
  });
}

}  // namespace dtheta::gradcheck::detail
