#pragma once

#include <functional>
#include <span>
#include <string>

#include "gradcheck/manifold.hpp"

namespace dtheta::gradcheck::detail {

/// Why x is none of these points, in words; empty where it is one. Numbers that were printed with four
/// digits are good enough.
using Objection = std::function<std::string(std::span<const double> x)>;

/// A vector of norm 1; `what` it is called.
Objection no_unit_vector(std::string what);
/// The rotation in the first three columns of a matrix of `rows` rows and `columns` columns, whose
/// fourth row, if it has one, is (0, 0, 0, 1).
Objection no_rotation(std::size_t rows, std::size_t columns, MatrixOrder stored);

}  // namespace dtheta::gradcheck::detail
