#pragma once

#include <span>
#include <vector>

#include "gradcheck/jacobian/function.hpp"
#include "gradcheck/jacobian/patch.hpp"
#include "gradcheck/manifold.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// What a diagnosis of blocks on manifolds goes by: f as the caller gave it.
struct AmbientFunction {
  const VectorFunction& f;
  const ParameterVector& x;
  std::size_t outputs = 0;
  std::span<const ManifoldBlock> manifolds;

  /// The manifold of a block; null where it has none.
  const Manifold* of(std::string_view block) const;
};

/// Names the retraction for which the patch would be right. `first_row`: of the patch, among all
/// outputs. Where a mistaken retraction leaves the manifold, f is asked for values there.
void suspect_manifold(const Patch& patch, std::size_t first_row, const AmbientFunction& ambient,
                      std::string_view block, std::vector<JacobianCause>& causes);

}  // namespace dtheta::gradcheck::detail
