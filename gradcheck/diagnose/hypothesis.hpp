#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/cause.hpp"

namespace dtheta::gradcheck::detail {

/// What is known of one block. All spans run over its entries.
struct Evidence {
  std::span<const double> analytic;
  std::span<const double> numeric;
  std::span<const double> bar;
  std::span<const double> theta;      ///< empty if not known
  std::span<const double> previous;   ///< empty if not known
  std::vector<NamedVector> suspects;  ///< cut to this block
  std::vector<bool> usable;           ///< entries with a trustworthy numeric derivative
  std::size_t rows = 1;
  std::size_t columns = 1;
  const Hints* hints = nullptr;

  std::size_t size() const { return analytic.size(); }
};

/// How well a guess explains the residual.
struct Fit {
  double remaining = 1.0;  ///< ‖what is left‖ / ‖analytic − numeric‖
  bool within_bars = false;
  std::size_t witnesses = 0;  ///< entries that are wrong by more than their bar
};

/// How well `guess` reproduces the analytic side; `slack` multiplies the bars.
Fit fit_of(const Evidence& evidence, std::span<const double> guess, double slack = 1.0);

/// The largest magnitude among the usable entries.
double largest(const Evidence& evidence, std::span<const double> values);

/// factor·values + added·term, and analytic − numeric, entry by entry.
std::vector<double> combined(const Evidence& evidence, double factor,
                             std::span<const double> values, double added,
                             std::span<const double> term);
std::vector<double> residuals(const Evidence& evidence);

/// The hypotheses. Each appends the causes that explain the block.
void suspect_numbers(const Evidence& evidence, std::vector<Cause>& causes);  // NaN, zero, factor
void suspect_terms(const Evidence& evidence, std::vector<Cause>& causes);    // L1, L2, offset
void suspect_order(const Evidence& evidence, std::vector<Cause>& causes);    // transpose, order
void suspect_sums(const Evidence& evidence, std::vector<Cause>& causes);     // sums, clipping
void suspect_vectors(const Evidence& evidence, std::vector<Cause>& causes);  // stale, suspects
void suspect_slips(const Evidence& evidence, std::vector<Cause>& causes);    // x for tanh x
void suspect_places(const Evidence& evidence, std::vector<Cause>& causes);   // rows, columns, entry
/// After all others, sorted: it is offered beside them where none is sure.
void suspect_stopped(const Evidence& evidence, std::vector<Cause>& causes);

/// The confidence of an explanation with this many free numbers; `named`: the numbers are such as a
/// programmer would write.
double confidence_of(const Fit& fit, std::size_t free_numbers, bool named);

/// The factor by which b is best multiplied to make a, over the usable entries.
double ratio_of(const Evidence& evidence, std::span<const double> a, std::span<const double> b);

/// A factor with its name, if it has one: "2", "1/m (m = 10)", "1/20".
struct NamedFactor {
  std::string text;
  std::string meaning;
  bool named = false;
};
NamedFactor name_factor(double factor, double uncertainty, std::size_t examples);

}  // namespace dtheta::gradcheck::detail
