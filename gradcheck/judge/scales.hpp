#pragma once

#include <span>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// The largest magnitude among the values that are finite; 0 if none is.
double largest_finite(std::span<const double> values);

/// Typical size of a block's entries: their root mean square, or θ's if they are all zero, or 1.
double scale_of(const ParameterVector& theta, const Block& block);

/// How large the entries of a block are, and by what their derivatives are judged. Where a few
/// entries outweigh the rest the block holds quantities in different units: then each has a length
/// of its own, and derivatives are compared as changes of J per length.
class BlockScales {
 public:
  /// `analytic`: of all of θ; `whole`: the largest derivative of all; `roundoff`: the gradient's;
  /// `cost`: the size of J, 0 where it is not known.
  BlockScales(const ParameterVector& theta, const Block& block, std::span<const double> analytic,
              double whole, double roundoff, double cost = 0.0);

  /// The block's entries are in different units.
  bool mixed() const noexcept { return mixed_; }

  /// The size of an entry (a position in θ), by which it is moved.
  double length(std::size_t entry) const;

  /// The sizes by which an entry's derivative is judged.
  Scales of(std::size_t entry) const;

 private:
  std::span<const double> values_;  // of θ
  std::span<const double> analytic_;
  double cost_ = 0.0;
  double length_ = 1.0;
  double median_ = 1.0;  // of the entries that are not zero
  bool mixed_ = false;
  double largest_ = 0.0;         // derivative of the block
  double largest_change_ = 0.0;  // derivative times length
  double whole_ = 0.0;
  double crumbs_ = 0.0;
};

}  // namespace dtheta::gradcheck::detail
