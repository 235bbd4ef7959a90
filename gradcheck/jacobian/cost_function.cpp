#include "gradcheck/cost_function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "gradcheck/numeric/same_bits.hpp"

namespace dtheta::gradcheck {
namespace {

using Vector = std::vector<double>;

/// Evaluate with buffers of its own.
class Call {
 public:
  Call(const Evaluate& evaluate, std::size_t residuals, const ParameterVector& layout)
      : evaluate_(evaluate), residuals_(residuals), blocks_(layout.blocks()) {}

  Vector values(std::span<const double> x) const {
    detail::LentBuffer residuals(residuals_);
    ask(x, residuals, nullptr);
    return {residuals.span().begin(), residuals.span().end()};
  }

  /// One Jacobian for each block; `residuals`: what came with them.
  std::vector<Vector> jacobians(std::span<const double> x, Vector& values) const {
    detail::LentBuffer residuals(residuals_);
    std::vector<detail::LentBuffer> buffers;
    buffers.reserve(blocks_.size());
    for (const Block& block : blocks_) buffers.emplace_back(residuals_ * block.size);
    std::vector<double*> pointers;
    pointers.reserve(buffers.size());
    for (detail::LentBuffer& buffer : buffers) pointers.push_back(buffer.span().data());
    ask(x, residuals, pointers.data());
    std::vector<Vector> all;
    for (std::size_t b = 0; b < blocks_.size(); ++b) {
      buffers[b].require_inside(fmt::format("jacobians[{}], of {}", b, blocks_[b].name));
      all.emplace_back(buffers[b].span().begin(), buffers[b].span().end());
    }
    values.assign(residuals.span().begin(), residuals.span().end());
    return all;
  }

 private:
  void ask(std::span<const double> x, detail::LentBuffer& residuals, double** jacobians) const {
    std::vector<const double*> parameters;
    for (const Block& block : blocks_) parameters.push_back(x.data() + block.offset);
    if (!evaluate_(parameters.data(), residuals.span().data(), jacobians)) {
      throw std::runtime_error("Evaluate returned false: it has no values there");
    }
    residuals.require_inside("residuals");
  }

  const Evaluate& evaluate_;
  std::size_t residuals_;
  const std::vector<Block>& blocks_;
};

/// The Jacobian of a block along the tangent of its manifold.
Vector along_tangent(const Vector& jacobian, std::size_t rows, std::span<const double> x,
                     const Manifold& manifold) {
  const Vector basis = detail::tangent_basis(manifold.plus, x, manifold.tangent);
  Vector product(rows * manifold.tangent, 0.0);
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t a = 0; a < manifold.ambient; ++a) {
      for (std::size_t k = 0; k < manifold.tangent; ++k) {
        product[i * manifold.tangent + k] +=
            jacobian[i * manifold.ambient + a] * basis[a * manifold.tangent + k];
      }
    }
  }
  return product;
}

}  // namespace

JacobianResult check_evaluate(const Evaluate& evaluate, std::size_t residuals,
                              const ParameterVector& x, const JacobianOptions& options) {
  const Call call(evaluate, residuals, x);
  Vector beside;
  std::vector<Vector> jacobians = call.jacobians(x.values(), beside);
  std::vector<std::size_t> widths;
  for (std::size_t b = 0; b < jacobians.size(); ++b) {
    const Block& block = x.blocks()[b];
    const auto found = std::ranges::find(options.manifolds, block.name, &ManifoldBlock::block);
    widths.push_back(block.size);
    if (found == options.manifolds.end() || found->manifold.ambient != block.size) continue;
    jacobians[b] = along_tangent(jacobians[b], residuals, x.values(block.name), found->manifold);
    widths.back() = found->manifold.tangent;
  }
  Vector rows;
  for (std::size_t i = 0; i < residuals; ++i) {
    for (std::size_t b = 0; b < jacobians.size(); ++b) {
      const auto row = std::span(jacobians[b]).subspan(i * widths[b], widths[b]);
      rows.insert(rows.end(), row.begin(), row.end());
    }
  }
  const VectorFunction f([&](std::span<const double> at) { return call.values(at); });
  JacobianResult result = check_jacobian(f, RowMajor(rows), x, options);
  if (!detail::same_bits(beside, result.values)) {
    result.notes.emplace_back(
        "Evaluate gives other residuals where it is asked for Jacobians, too: the two paths "
        "through it differ");
    if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
  }
  return result;
}

}  // namespace dtheta::gradcheck
