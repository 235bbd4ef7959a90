#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dtheta::gradcheck {

/// What a wrong gradient looks like.
enum class Pattern {
  not_finite,   ///< NaN or infinity, in the gradient or in J
  lost_step,    ///< the textbook's epsilon is lost in θ: nothing is known of the gradient
  zero,         ///< zero where J does change
  sign,         ///< the negative of the right gradient
  factor,       ///< a multiple of the right gradient
  l2,           ///< off by a multiple of θ
  l1,           ///< off by a multiple of sign(θ)
  transposed,   ///< the right numbers, rows and columns exchanged
  permuted,     ///< the right numbers in another order
  summed,       ///< the right numbers summed or averaged along an axis
  stale,        ///< the gradient of the step before
  accumulated,  ///< added to the gradient of the step before
  suspect,      ///< made of a vector that the caller named
  offset,       ///< off by the same number everywhere
  clipped,      ///< cut at a largest size
  other_block,  ///< the gradient of another block
  block_order,  ///< the right blocks, laid end to end in another order
  slip,         ///< off by a function of θ, entry by entry: x where tanh x is due, a missing 1.702
  wrong_op,     ///< an op on the tape has a wrong derivative rule
  stopped,      ///< a derivative was cut on purpose, which J does not know of
  upstream,     ///< wrong from some layer down to the input, right above it
  one_entry,    ///< one entry is wrong, nothing else is known of it
  few_rows,     ///< only some rows are wrong
  few_columns,  ///< only some columns are wrong
  unexplained   ///< wrong, but none of the above
};

/// "factor", "L2 term", ...: one or two words.
std::string_view to_string(Pattern pattern);

/// A guess at why a gradient is wrong.
struct Cause {
  Pattern pattern = Pattern::unexplained;
  double amount = 0.0;      ///< factor, coefficient of θ or sign(θ), offset or limit
  double confidence = 0.0;  ///< between 0 and 1
  std::string sentence;     ///< what a person reads

  /// "certain", "very likely", "likely" or "possible".
  std::string_view sureness() const;
};

/// A vector laid out as θ with the words by which it is known.
struct NamedVector {
  std::string name;
  std::vector<double> values;
};

/// What the caller knows that helps to name a cause. Everything may be left out.
struct Hints {
  std::size_t examples = 0;  ///< m: names factors m and 1/m
  double l1 = 0.0;           ///< λ of λ Σ|θ|
  double l2 = 0.0;           ///< λ of λ/2 Σ θ²
  std::string l1_words{};    ///< how that λ is made up, such as "lambda/m = 0.7/50"
  std::string l2_words{};
  std::vector<double> previous{};       ///< the gradient of the step before, laid out as θ
  std::vector<NamedVector> suspects{};  ///< gradients of parts: "the last example", "the L2 term"
};

}  // namespace dtheta::gradcheck
