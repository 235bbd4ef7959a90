#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "gradcheck/jacobian/cause.hpp"

namespace dtheta::gradcheck::detail {

/// A rectangle of a Jacobian with both derivatives, and what a diagnosis goes by.
struct Patch {
  std::size_t rows = 0, columns = 0;
  std::vector<double> analytic, numeric, bar;  ///< row by row
  std::vector<bool> usable;                    ///< with a trustworthy numeric derivative
  std::vector<double> x;                       ///< of each column; NaN on a manifold
  std::vector<double> f;                       ///< of each row
  std::vector<double> weights;                 ///< of each row, if known
  std::vector<std::string> row_names, column_names;
  std::string name;  ///< "r by pose"

  std::size_t at(std::size_t i, std::size_t j) const { return i * columns + j; }
  std::size_t size() const { return analytic.size(); }

  /// The two contradict each other there.
  bool wrong(std::size_t e) const;
  /// The largest usable numeric derivative.
  double largest() const;
  /// Whether `guess` is the analytic value of entry e, made of numbers with this bar.
  bool fits(std::size_t e, double guess, double bar) const;
};

/// How well a guess explains the patch.
struct PatchFit {
  bool explains = false;      ///< every usable entry
  std::size_t witnesses = 0;  ///< entries that tell it from the right Jacobian, and agree with it
};

/// Holds guess(i, j, bar) -> analytic value against every usable entry; it sets the bar of what it
/// used, or NaN where it cannot tell.
template <class Guess>
PatchFit fit_of(const Patch& patch, Guess guess) {
  PatchFit fit{true, 0};
  for (std::size_t i = 0; i < patch.rows; ++i) {
    for (std::size_t j = 0; j < patch.columns; ++j) {
      const std::size_t e = patch.at(i, j);
      if (!patch.usable[e]) continue;
      double bar = patch.bar[e];
      const double value = guess(i, j, bar);
      if (bar != bar) continue;
      if (!patch.fits(e, value, bar)) return {false, 0};
      if (patch.wrong(e)) ++fit.witnesses;
    }
  }
  fit.explains = fit.witnesses > 0;
  return fit;
}

/// How sure an explanation is that was found with so many free numbers.
double sureness_of(std::size_t witnesses, std::size_t free_numbers);

/// analytic = factor · numeric over a set of entries.
struct Ratio {
  double factor = 1.0;
  double uncertainty = 0.0;   ///< relative
  std::size_t witnesses = 0;  ///< entries that are not zero
  bool consistent = false;
};
Ratio ratio_over(const Patch& patch, const std::vector<std::size_t>& entries);
std::vector<std::size_t> row_entries(const Patch& patch, std::size_t i);
std::vector<std::size_t> column_entries(const Patch& patch, std::size_t j);
std::vector<std::size_t> all_entries(const Patch& patch);

/// What a constant factor is called.
struct FactorName {
  JacobianPattern pattern = JacobianPattern::factor;
  std::string sentence;
  bool named = false;
};
FactorName name_ratio(const Ratio& ratio);

/// The hypotheses. Each appends the causes that explain the patch.
void suspect_values(const Patch& patch, std::vector<JacobianCause>& causes);  // NaN, zero, factor
void suspect_order(const Patch& patch, std::vector<JacobianCause>& causes);   // transposed, swapped
void suspect_lines(const Patch& patch, std::vector<JacobianCause>& causes);   // rows and columns
void suspect_places(const Patch& patch, std::vector<JacobianCause>& causes);  // where all of it is

}  // namespace dtheta::gradcheck::detail
