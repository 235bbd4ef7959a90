#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {

/// What all entries of one output by one block of inputs share.
struct RowBlock {
  double largest = 0.0;         ///< derivative
  double largest_change = 0.0;  ///< derivative times length of the input
  std::size_t largest_entry = 0;
  std::size_t entries = 0;
  Largest whole;                ///< derivative of the output; if that is zero, of its block
  double noise = 0.0;           ///< ε_f
  double rounding_noise = 0.0;  ///< of f under rounding of the inputs
  double part = 0.0;            ///< the first step, in lengths of an input
  bool open = false;            ///< of some entry nothing could be said
  bool quantized = false;       ///< f was seen to jump
};

/// The plans of all outputs by all chosen blocks of inputs. Values of f and derivatives are in
/// units of the output (unit()), so that squares neither overflow nor vanish.
class RowPlans {
 public:
  explicit RowPlans(const JacobianRequest& request);

  /// Measures noise and chooses first steps.
  void begin();

  std::size_t blocks() const { return request_.inputs.size(); }
  RowBlock& of(std::size_t row, std::size_t block) { return plans_[row * blocks() + block]; }
  const RowBlock& of(std::size_t row, std::size_t block) const {
    return plans_[row * blocks() + block];
  }
  std::span<const double> noise() const { return noise_; }

  double unit(std::size_t row) const { return units_[row]; }
  double analytic(std::size_t row, std::size_t entry) const {
    return request_.jacobian.values[entry] / units_[row];
  }
  /// Size of an input, by which it is moved.
  double length(std::size_t column) const { return lengths_[column]; }

  /// No step above it may accuse by itself.
  double widest(std::size_t column) const;
  /// How far f can be expected to be of one shape along an input.
  double size_of(std::size_t column) const;

  Search search(std::size_t row, std::size_t entry, std::size_t block) const;
  Search search_from(std::size_t row, std::size_t entry, double step) const;
  Standard standard(std::size_t row, std::size_t entry, std::size_t block, bool pilot) const;
  /// Of what the error of an entry is a part, in the units of f.
  double reference(std::size_t row, std::size_t entry, std::size_t block) const;

  /// First steps become such as many outputs have in common.
  void share_parts(std::size_t block);

 private:
  void find_units();
  void find_wholes();
  void measure(std::size_t block);
  void tell_units_apart();
  void guess_lengths();
  void plan_noise();
  double first_part(std::size_t row, std::size_t block) const;
  Scales scales(std::size_t row, std::size_t column, std::size_t block) const;

  const JacobianRequest& request_;
  std::vector<double> lengths_;        // of the inputs
  std::vector<double> least_lengths_;  // of them, where it was guessed the smaller one
  std::vector<bool> mixed_;            // by input block: its inputs are in different units
  std::vector<RowBlock> plans_;
  std::vector<double> units_;
  std::vector<double> noise_;
};

}  // namespace dtheta::gradcheck::detail
