// Values and gradients in float and double over the whole range of each, against the same rules in
// quad, whose range is so much wider that no intermediate overflows there.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/bridge/ops/edges/edge_case.hpp"

namespace dtheta::gradcheck {
namespace {

/// How often operands or cotangents are rounded, at random up or down: of a sum of two terms that cancel half
/// of the trials move nothing.
constexpr int roundings = 8;

/// The error that a result may have, in units of its last place: a rule is a few dozen roundings.
constexpr double most_ulps = 64;

double uniform(std::mt19937_64& random, double low, double high) {
  return low + (high - low) * static_cast<double>(random() >> 11U) * 0x1p-53;
}

void keep_larger(std::vector<Quad>& moves, const std::vector<Quad>& a, const std::vector<Quad>& b,
                 Quad by) {
  for (std::size_t i = 0; i < moves.size(); ++i) {
    const Quad moved = abs(a[i] - b[i]) / by;
    if (moved > moves[i]) moves[i] = moved;
  }
}

/// What moves in the gradient when the cotangent is rounded, relative to the rounding: rules are
/// sums weighted by it.
std::vector<Quad> moved_by_cotangent(EdgeCase& c, const Point& at, const Derived<Quad>& exact,
                                     std::mt19937_64& random) {
  const Quad by = Quad(0x1p-64);
  std::vector<Quad> moves(exact.gradient.size(), Quad(0));
  for (int trial = 0; trial < roundings; ++trial) {
    if (const auto near = c.at<Quad>(at, &random, by)) {
      keep_larger(moves, near->gradient, exact.gradient, by);
    }
  }
  return moves;
}

/// What moves in the value and the gradient when each operand is rounded, relative to the rounding.
Derived<Quad> moved_by_rounding(EdgeCase& c, const Point& at, const Derived<Quad>& exact,
                                std::mt19937_64& random) {
  const Quad by = Quad(0x1p-64);
  Derived<Quad> moves{std::vector<Quad>(exact.value.size(), Quad(0)),
                      std::vector<Quad>(exact.gradient.size(), Quad(0))};
  for (int trial = 0; trial < roundings; ++trial) {
    Point p = at;
    for (auto& operand : p) {
      for (Quad& v : operand) v = v * (Quad(1) + (random() % 2 == 0 ? by : -by));
    }
    const auto near = c.at<Quad>(p);
    if (!near) continue;
    keep_larger(moves.value, near->value, exact.value, by);
    keep_larger(moves.gradient, near->gradient, exact.gradient, by);
  }
  return moves;
}

/// The distance of `found` from `exact` in units of the last place of T, of the sum of `exact`,
/// what the rounding of the cotangent moves, and what that of the operands moves. Of the last no
/// more counts than the largest entry: where one operand alone is large, its rounding would excuse
/// everything.
template <class T>
double ulps(T found, Quad exact, Quad by_cotangent, Quad by_operands, Quad largest) {
  using Limits = std::numeric_limits<T>;
  const Quad most = Quad(static_cast<double>(Limits::max()));
  const Quad least = Quad(static_cast<double>(Limits::min()));
  if (isnan(exact)) return 0;
  const Quad f = Quad(static_cast<double>(found));
  // A product with the adjoint, of size one, may overflow where the result just would not.
  if (abs(exact) > most / Quad(16) && !std::isfinite(found)) return 0;
  if (!isfinite(exact) || !std::isfinite(found)) return std::numeric_limits<double>::infinity();
  const Quad apart = abs(f - exact);
  if (apart <= least) return 0;  // below the normal numbers digits are lost
  const Quad allowed = abs(exact) + by_cotangent + std::min(by_operands, largest);
  return static_cast<double>(apart / (allowed * Quad(static_cast<double>(Limits::epsilon()))));
}

class RangeTest {
 public:
  RangeTest(EdgeCase& c, EdgeReport& report, std::mt19937_64& random)
      : case_(c), report_(report), random_(random) {}

  template <class T>
  void run(const Point& drawn) {
    Point at = drawn;
    for (auto& operand : at) {
      for (Quad& v : operand) v = Quad(static_cast<double>(static_cast<T>(v)));
    }
    const auto exact = case_.template at<Quad>(at);
    const auto found = case_.template at<T>(at);
    if (!exact) return;
    if (!found) return fail<T>(at, "throws, which quad does not");
    if (!std::ranges::all_of(exact->value, [](Quad v) { return isfinite(v); })) return;
    ++report_.cell.draws;
    const Derived<Quad> moves = moved_by_rounding(case_, at, *exact, random_);
    const std::vector<Quad> none(exact->value.size(), Quad(0));
    judge<T>("value", at, found->value, exact->value, none, moves.value);
    judge<T>("gradient", at, found->gradient, exact->gradient,
             moved_by_cotangent(case_, at, *exact, random_), moves.gradient);
  }

 private:
  template <class T>
  void judge(std::string_view what, const Point& at, const std::vector<T>& found,
             const std::vector<Quad>& exact, const std::vector<Quad>& by_cotangent,
             const std::vector<Quad>& by_operands) {
    Quad largest = 0;
    for (Quad v : exact) largest = abs(v) > largest ? abs(v) : largest;
    double worst = 0;
    std::size_t where = 0;
    for (std::size_t i = 0; i < exact.size(); ++i) {
      if (isnan(exact[i])) {
        return fail<T>(at, fmt::format("{} {} is NaN in quad, where the value is finite", what, i));
      }
      const double off = ulps(found[i], exact[i], by_cotangent[i], by_operands[i], largest);
      if (off > worst) {
        worst = off;
        where = i;
      }
    }
    report_.cell.worst = std::max(report_.cell.worst, worst);
    if (worst <= most_ulps) return;
    fail<T>(at, fmt::format("{} {} is {:.9g}, in quad {:.9g}: {:.3g} units in the last place", what,
                            where, static_cast<double>(found[where]),
                            static_cast<double>(exact[where]), worst));
  }

  template <class T>
  void fail(const Point& at, std::string_view what) {
    report_.fail(fmt::format("{} at {}: {}", std::same_as<T, float> ? "float" : "double",
                             to_string(at), what));
  }

  EdgeCase& case_;
  EdgeReport& report_;
  std::mt19937_64& random_;
};

double signed_like(Domain d, double size, std::mt19937_64& random) {
  if (d.low >= 0) return size;
  if (d.high <= 0) return -size;
  return random() % 2 == 0 ? size : -size;
}

/// Values of any size from 10^-decades to 10^decades: each element its own, each operand its own,
/// or all of one.
Point scaled(const EdgeCase& c, double low, double high, int kind, std::mt19937_64& random) {
  Point p = c.base();
  const double common = uniform(random, low, high);
  for (std::size_t k = 0; k < p.size(); ++k) {
    const double own = uniform(random, low, high);
    for (Quad& v : p[k]) {
      const double exponent = kind == 0   ? uniform(random, low, high)
                              : kind == 1 ? own + uniform(random, -0.3, 0.3)
                                          : common + uniform(random, -0.3, 0.3);
      v = Quad(signed_like(c.domain(k), std::pow(10, exponent), random));
    }
  }
  return p;
}

}  // namespace

void test_range(EdgeCase& c, std::uint64_t seed, EdgeReport report) {
  std::mt19937_64 random(seed);
  RangeTest test(c, report, random);
  for (int draw = 0; draw < 3; ++draw) {
    for (int kind = 0; kind < 3; ++kind) {
      test.run<float>(scaled(c, -30, 30, kind, random));
      test.run<double>(scaled(c, -300, 300, kind, random));
      const Point moderate = scaled(c, -2, 3, kind, random);
      test.run<float>(moderate);
      test.run<double>(moderate);
    }
  }
}

}  // namespace dtheta::gradcheck
