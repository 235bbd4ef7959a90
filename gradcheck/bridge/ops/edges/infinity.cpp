// Infinite operands, against the limit of the same rules at huge finite ones in quad.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradcheck/bridge/ops/edges/edge_case.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// The point with each infinity replaced by `huge` times a factor in [1, 2) of its own. With
/// multiples of an irrational number no two of them, and no two sums, are the same.
Point finite(const Point& at, Quad huge, double irrational) {
  Point p = at;
  double next = 0;
  for (auto& operand : p) {
    for (Quad& v : operand) {
      if (isfinite(v) || isnan(v)) continue;
      next += irrational;
      v = (v > Quad(0) ? huge : -huge) * Quad(1 + next - std::floor(next));
    }
  }
  return p;
}

/// What the entries of several lists tend to, or nothing where they do not.
std::optional<double> limit(std::span<const Quad> values) {
  const Quad small = Quad(1e-60), large = Quad(1e60);
  bool zero = true, up = true, down = true, level = true;
  for (Quad v : values) {
    if (isnan(v)) return {};
    zero = zero && abs(v) < small;
    up = up && v > large;
    down = down && v < -large;
    level = level && isfinite(v) && abs(v - values[0]) <= Quad(1e-9) * abs(values[0]);
  }
  if (zero) return 0;
  if (up) return infinity;
  if (down) return -infinity;
  if (level && abs(values[0]) < large) return static_cast<double>(values[0]);
  return {};
}

class InfinityTest {
 public:
  InfinityTest(EdgeCase& c, EdgeReport& report, Point at)
      : case_(c), report_(report), at_(std::move(at)) {}

  void run() {
    std::vector<Derived<Quad>> near;
    for (const Quad huge : {Quad(1e100), Quad(1e200)}) {
      for (const double irrational : {0.6180339887498949, 0.4142135623730951, 0.0}) {
        auto found = case_.at<Quad>(finite(at_, huge, irrational));
        if (!found) return;
        near.push_back(std::move(*found));
      }
    }
    const auto found = case_.at<double>(at_);
    if (!found) return;  // it says so
    const bool exists = judge("value", found->value, near, &Derived<Quad>::value);
    if (exists) judge("gradient", found->gradient, near, &Derived<Quad>::gradient);
  }

 private:
  /// False where one is NaN and has no limit.
  bool judge(std::string_view what, const std::vector<double>& found,
             const std::vector<Derived<Quad>>& near, std::vector<Quad> Derived<Quad>::*list) {
    for (std::size_t i = 0; i < found.size(); ++i) {
      std::vector<Quad> values;
      values.reserve(near.size());
      for (const auto& n : near) values.push_back((n.*list)[i]);
      const std::optional<double> wanted = limit(values);
      if (!wanted && std::isnan(found[i])) return false;
      if (!wanted) continue;
      ++report_.cell.draws;
      const bool right = std::isfinite(*wanted)
                             ? std::abs(found[i] - *wanted) <= 1e-9 * (1 + std::abs(*wanted))
                             : !std::isfinite(found[i]);  // NaN where terms of both signs are
      if (right) continue;
      report_.fail(fmt::format("{} {} at {}: {:.9g}, the limit is {:.9g}", what, i, to_string(at_),
                               found[i], *wanted));
      return false;
    }
    return true;
  }

  EdgeCase& case_;
  EdgeReport& report_;
  Point at_;
};

}  // namespace

void test_infinity(EdgeCase& c, std::uint64_t seed, EdgeReport report) {
  std::mt19937_64 random(seed);
  const auto test = [&](Point p) { InfinityTest(c, report, std::move(p)).run(); };
  for (const double sign : {1.0, -1.0}) {
    Point all = c.base();
    for (std::size_t k = 0; k < c.operand_count(); ++k) {
      if (c.base()[k].empty()) continue;
      if (c.domain(k).low >= 0 && sign < 0) continue;
      Point one = c.base(), whole = c.base(), mixed = c.base();
      one[k][random() % one[k].size()] = Quad(sign * infinity);
      std::ranges::fill(whole[k], Quad(sign * infinity));
      std::ranges::fill(all[k], Quad(sign * infinity));
      for (Quad& v : mixed[k]) {
        if (random() % 2 == 0) v = Quad(sign * infinity);
      }
      test(one);
      test(whole);
      test(mixed);
    }
    if (c.operand_count() > 1) test(all);
  }
}

}  // namespace dtheta::gradcheck
