#pragma once

#include <span>
#include <string_view>

#include "autodiff/var.hpp"

namespace dtheta {

/// Einstein's sum convention: for each operand a letter per axis, as in "bij,bjk->bik". A letter
/// that is not in the result is summed over; one that an operand has twice takes its diagonal.
/// "..." stands for axes without letters, which broadcast. Without "->" the result has the letters
/// that occur once, in alphabetical order, after those of "...". Sizes of one letter are equal
/// or 1. Operands are contracted from left to right. Throws ValueError for an expression that is
/// not one, ShapeError for operands that do not fit it.
Var einsum(std::string_view expression, std::span<const Var> operands);
Var einsum(std::string_view expression, std::initializer_list<Var> operands);

}  // namespace dtheta
