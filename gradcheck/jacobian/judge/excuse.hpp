#pragma once

#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/jacobian/matrix.hpp"

namespace dtheta::gradcheck::detail {

/// Looks again at outputs with entries that failed although x may lie on several corners of f
/// (judge/degenerate.hpp): what jumps at x, and is right on either side, is left open. `f` and
/// `jacobian` are functions of the request's x. Returns how many entries were excused, and adds to
/// `evaluations` what f was asked for.
std::size_t excuse_degenerate_rows(const JacobianRequest& request, const VectorFunction& f,
                                   const Jacobian& jacobian, JacobianFindings& findings,
                                   std::size_t& evaluations);

}  // namespace dtheta::gradcheck::detail
