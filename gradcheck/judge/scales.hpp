#pragma once

#include <span>
#include <vector>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// A parameter below this says nothing of its unit: no unit is so small, but what underflows is.
inline constexpr double next_to_nothing = 1e-100;

/// The largest magnitude among the values that are finite; 0 if none is.
double largest_finite(std::span<const double> values);

/// Typical size of a block's entries: their root mean square, or θ's if they are all zero, or 1.
double scale_of(const ParameterVector& theta, const Block& block);

/// What the largest derivative of all is, beside which others may be what rounding left of zero.
struct Largest {
  double derivative = 0.0;
  double change = 0.0;  ///< of J, when an entry is moved by its size

  /// The same in the units of an entry of this length. Blocks in other units have derivatives of
  /// other sizes; those in the same units, however large their entries, have not.
  double beside(double length) const;
};

/// Whether entries are in different units, by sizes and derivatives: one that is small beside the
/// others has a derivative out of all proportion to theirs.
bool differ_in_units(std::span<const double> values, std::span<const double> derivatives);

/// How large the entries of a block are, and by what their derivatives are judged. Where a few
/// entries outweigh the rest, or one is out of all proportion, the block holds quantities in
/// different units: then each has a length of its own, and derivatives are compared as changes of J
/// per length.
class BlockScales {
 public:
  /// `analytic`: of all of θ; `roundoff`: the gradient's; `cost`: the size of J, 0 where it is not
  /// known.
  BlockScales(const ParameterVector& theta, const Block& block, std::span<const double> analytic,
              double roundoff, double cost = 0.0);

  /// The same for blocks of θ, each beside the largest derivative of all of θ.
  static std::vector<BlockScales> of_blocks(const ParameterVector& theta,
                                            std::span<const Block> blocks,
                                            std::span<const double> analytic, double roundoff,
                                            double cost = 0.0);

  /// Its entries turned out to be of another size than they have.
  void set_length(double length) noexcept { length_ = length; }

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
  double roundoff_ = 0.0;
  Largest whole_;
};

}  // namespace dtheta::gradcheck::detail
