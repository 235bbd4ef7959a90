#pragma once

#include <cstddef>
#include <vector>

#include "gradcheck/jacobian/matrix.hpp"

namespace dtheta::gradcheck::detail {

/// Columns of one colour have no row in common, so that one evaluation may move all of them.
struct Colouring {
  std::vector<std::size_t> colour_of;             ///< by column
  std::vector<std::vector<std::size_t>> columns;  ///< by colour, ascending
};

/// Colours the columns of a pattern greedily, those with the most entries first; of a dense one
/// each column has its own. Curtis, Powell, Reid, "On the estimation of sparse Jacobian matrices",
/// IMA J. Appl. Math. 13 (1974).
Colouring colour_columns(const RowMatrix& pattern);

}  // namespace dtheta::gradcheck::detail
