#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dtheta::gradcheck {

/// What a wrong Jacobian looks like.
enum class JacobianPattern {
  not_finite,       ///< NaN or infinity, or entries that were never written
  zero,             ///< zero where f does move
  sign,             ///< the negative of the right one, of all, a row or a column
  degrees,          ///< off by 180/π or its inverse
  factor,           ///< a multiple of the right one
  chain_factor,     ///< a column off by its own factor: an inner derivative is missing
  outer_factor,     ///< a row off by a factor that is a function of its output
  weights,          ///< rows off by weights: the square root of the information is not applied
  transposed,       ///< rows and columns exchanged
  storage_order,    ///< written by columns where rows were announced, or the other way round
  rows_swapped,     ///< the right rows in another order
  columns_swapped,  ///< the right columns in another order
  block_order,      ///< the columns of another input block
  identity,         ///< off by a multiple of the identity, as where I + A is due, or nothing else
  triangle,         ///< only one triangle of a symmetric matrix was filled, or its diagonal
  row_wrong,        ///< all that is wrong stands in some rows
  column_wrong,     ///< all that is wrong stands in some columns
  one_entry,        ///< one entry is wrong
  asymmetric,       ///< a Hessian that is not symmetric
  outside,          ///< f depends on inputs where the pattern says it does not
  other_side,       ///< right in the other frame: the update was taken on the other side
  ambient,          ///< by the numbers a point is stored in, not by its tangent
  half,             ///< half or double: a quaternion's numbers are half of the angle
  stored_order,     ///< a quaternion's numbers in the other order
  retraction,       ///< the retraction is none
  unexplained       ///< wrong, but none of the above
};

/// "transposed", "chain factor", ...: one or two words.
std::string_view to_string(JacobianPattern pattern);

/// A guess at why a Jacobian is wrong.
struct JacobianCause {
  JacobianPattern pattern = JacobianPattern::unexplained;
  double amount = 0.0;      ///< a factor, where there is one
  double confidence = 0.0;  ///< between 0 and 1
  std::string where{};      ///< "r by pose", or "r[1]": the block, rows or columns that it concerns
  std::string sentence{};   ///< what a person reads

  /// "certain", "very likely", "likely" or "possible".
  std::string_view sureness() const;
};

/// What the caller knows that helps to name a cause. Everything may be left out.
struct JacobianHints {
  /// One weight for each output: the square root of its information, or its inverse deviation.
  std::vector<double> weights{};
};

}  // namespace dtheta::gradcheck
