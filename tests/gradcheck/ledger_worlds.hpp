#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck/check.hpp"

/// The costs of the ledger (ledger.cpp). They use + - * / and sqrt, floor, nearbyint, fabs, fmod
/// and casts to float, which have the same bits on every machine, and no other function. Where an
/// expression would draw twice, each draw has a line of its own: the order must not depend on the
/// compiler.
namespace dtheta::test::ledger {

using Span = std::span<const double>;
using Values = std::vector<double>;
using Function = std::function<double(double)>;

/// Numbers that are the same with every standard library.
class Draws {
 public:
  explicit Draws(std::uint64_t seed) : bits_(seed) {}

  std::uint64_t bits() { return bits_(); }
  /// Below `count`.
  std::size_t below(std::size_t count) { return static_cast<std::size_t>(bits_() % count); }
  double unit() { return static_cast<double>(bits_() >> 11) * 0x1p-53; }
  double between(double low, double high) { return low + (high - low) * unit(); }
  double sign() { return bits_() % 2 == 0 ? 1.0 : -1.0; }
  /// Of any decade from `low` to `high`, which are powers of ten apart.
  double order(double low, double high);
  /// Of either sign, and between 0.3 and 1.7.
  double plain();
  Values plain(std::size_t count);

 private:
  std::mt19937_64 bits_;
};

/// A cost, where it is asked, and its right gradient there. Where that is given as a function, the
/// gradient under test is one, too.
struct World {
  gradcheck::ParameterVector theta;
  gradcheck::Cost cost;
  Values right;
  std::function<Values(Span)> gradient{};
  gradcheck::Options options{};
};

/// What is claimed in place of the right gradient.
struct Candidate {
  std::string name;
  std::function<void(Values&)> change;
};

/// What a check concluded, as far as the ledger keeps it.
struct Outcome {
  gradcheck::Verdict verdict = gradcheck::Verdict::inconclusive;
  std::size_t evaluations = 0;
  std::size_t notes = 0;
  Values bars;
};

using Check = std::function<Outcome(Draws&, const Candidate&)>;

struct Kind {
  std::string name;
  int draws = 0;
  Check check;
};

/// A kind that is checked by gradcheck::check.
Kind kind(std::string name, int draws, std::function<World(Draws&)> make);
Outcome outcome_of(const gradcheck::Result& result);

/// A J of one parameter.
World one(double x, Function f, double slope);
/// A J of one block.
World block(Values x, gradcheck::Cost cost, Values right);
/// A block for each number of `sizes`.
World blocks(const std::vector<std::size_t>& sizes, Span x, gradcheck::Cost cost, Values right);
/// The same world with another tolerance.
World held_to(World world, double tolerance);

/// a x^3 + b x^2 + c x + d, of plain coefficients.
struct Cubic {
  explicit Cubic(Draws& draws)
      : a(draws.plain()), b(draws.plain()), c(draws.plain()), d(draws.plain()) {}
  double operator()(double x) const { return ((a * x + b) * x + c) * x + d; }
  double slope(double x) const { return (3.0 * a * x + 2.0 * b) * x + c; }

  double a, b, c, d;
};

/// A number between -1 and 1 that the bits of x alone decide.
double noise_of(double x);
/// A wave of period 1 between 0 and 1, with a slope everywhere.
double wave(double x);
double slope_of_wave(double x);

std::vector<Kind> smooth_kinds();
std::vector<Kind> corner_kinds();
std::vector<Kind> edge_kinds();
std::vector<Kind> coarse_kinds();
std::vector<Kind> jump_kinds();
std::vector<Kind> block_kinds();
std::vector<Kind> network_kinds();
std::vector<Kind> option_kinds();
std::vector<Kind> opinion_kinds();
std::vector<Kind> mode_kinds();

}  // namespace dtheta::test::ledger
