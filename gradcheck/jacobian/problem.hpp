#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck::detail {

/// f and x as the judges see them: x by the numbers it moves by, outputs with their names.
struct JacobianProblem {
  VectorFunction f;           ///< of the moves
  ParameterVector x;          ///< of blocks on manifolds the lengths of their tangents, which stand
                              ///< for delta = 0: an entry at length + d is moved by d
  ParameterVector outputs;    ///< f(x)
  std::vector<Block> inputs;  ///< blocks to check
};

/// Throws ShapeError, NameError or OptionError for what does not fit together.
JacobianProblem pose(const VectorFunction& f, const Jacobian& jacobian, const ParameterVector& x,
                     const JacobianOptions& options);

}  // namespace dtheta::gradcheck::detail
