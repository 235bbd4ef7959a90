// Second derivatives at special points, against differences in quad.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "gradcheck/bridge/ops/edges/edge_case.hpp"

namespace dtheta::gradcheck {
namespace {

constexpr std::array<double, 6> special{0, 1, -1, 2, 5, -0.5};

/// Whether two numbers agree to about the step of the differences.
bool agree(Quad a, Quad b, Quad scale) {
  return abs(a - b) <= Quad(1e-4) * (abs(a) + abs(b) + scale);
}

/// A derivative where differences show one: from all sides from which the cost is finite, the same
/// at a step and at half of it.
class Limit {
 public:
  void add(Quad at_step, Quad at_half) {
    if (!isfinite(at_step) || !isfinite(at_half)) return;
    ++sides_;
    if (sides_ == 1) value_ = at_half;
    exists_ =
        exists_ && agree(at_step, at_half, Quad(0x1p-20)) && agree(at_half, value_, Quad(0x1p-20));
  }
  [[nodiscard]] std::optional<Quad> value() const {
    return exists_ && sides_ > 0 ? std::optional<Quad>(value_) : std::nullopt;
  }

 private:
  int sides_ = 0;
  bool exists_ = true;
  Quad value_ = 0;
};

class SecondTest {
 public:
  SecondTest(EdgeCase& c, EdgeReport& report, Point at)
      : case_(c), report_(report), at_(std::move(at)), center_(c.cost(at_)) {}

  void run(std::mt19937_64& random) {
    if (!isfinite(center_)) return;
    const auto by_rule = case_.at<Quad>(at_);
    std::vector<std::size_t> chosen(case_.element_count());
    for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i] = i;
    std::ranges::shuffle(chosen, random);
    chosen.resize(std::min<std::size_t>(chosen.size(), 4));
    bool judged = false;
    std::vector<std::size_t> smooth;
    for (std::size_t i : chosen) {
      const std::optional<Quad> g = first(i);
      if (!g) continue;
      smooth.push_back(i);
      judged = true;
      if (!by_rule) return report_.fail(fmt::format("at {}: the rule throws", to_string(at_)));
      judge("gradient", i, i, by_rule->gradient[i], *g);
    }
    for (std::size_t j : smooth) {
      std::optional<std::vector<Quad>> column;
      for (std::size_t i : smooth) {
        const std::optional<Quad> h = second(i, j);
        if (!h) continue;
        if (!column) column = case_.hessian_column(at_, j);
        if (!column) {
          return report_.fail(
              fmt::format("at {}: the rule of the second derivative throws", to_string(at_)));
        }
        judge("second derivative", i, j, (*column)[i], *h);
      }
    }
    report_.cell.draws += judged ? 1 : 0;
  }

 private:
  static constexpr double step = 0x1p-24;
  static constexpr std::array<double, 2> sides{1, -1};
  /// A step and half of it.
  static constexpr std::array<double, 2> steps{step, step / 2};
  /// The cost behind a move of one element: by each step, to each side.
  using Alone = std::array<std::array<Quad, 2>, 2>;
  /// And of two, the sides of the earlier one first.
  using Together = std::array<std::array<std::array<Quad, 2>, 2>, 2>;

  Quad moved(std::size_t i, double by) {
    Point p = at_;
    element(p, i) += Quad(by);
    return case_.cost(p);
  }
  Quad moved(std::size_t i, double by, std::size_t j, double by_too) {
    if (i == j) return by == -by_too ? center_ : moved(i, by + by_too);
    Point p = at_;
    element(p, i) += Quad(by);
    element(p, j) += Quad(by_too);
    return case_.cost(p);
  }

  const Alone& alone(std::size_t i) {
    const auto [found, is_new] = alone_.try_emplace(i);
    for (std::size_t h = 0; is_new && h < 2; ++h) {
      for (std::size_t a = 0; a < 2; ++a) found->second[h][a] = moved(i, sides[a] * steps[h]);
    }
    return found->second;
  }
  /// Of i <= j: for (j, i) the points are the same.
  const Together& together(std::size_t i, std::size_t j) {
    const auto [found, is_new] = together_.try_emplace({i, j});
    for (std::size_t h = 0; is_new && h < 2; ++h) {
      for (std::size_t a = 0; a < 2; ++a) {
        for (std::size_t b = 0; b < 2; ++b) {
          found->second[h][a][b] = moved(i, sides[a] * steps[h], j, sides[b] * steps[h]);
        }
      }
    }
    return found->second;
  }

  std::optional<Quad> first(std::size_t i) {
    const Alone& f = alone(i);
    Limit limit;
    for (std::size_t a = 0; a < 2; ++a) {
      const auto slope = [&](std::size_t h) {
        return (f[h][a] - center_) / Quad(sides[a] * steps[h]);
      };
      limit.add(slope(0), slope(1));
    }
    return limit.value();
  }

  std::optional<Quad> second(std::size_t i, std::size_t j) {
    if (i > j) std::swap(i, j);
    const Alone &fi = alone(i), &fj = alone(j);
    const Together& f = together(i, j);
    Limit limit;
    for (std::size_t a = 0; a < 2; ++a) {
      for (std::size_t b = 0; b < 2; ++b) {
        const auto bend = [&](std::size_t h) {
          return (f[h][a][b] - fi[h][a] - fj[h][b] + center_) /
                 Quad(sides[a] * steps[h] * sides[b] * steps[h]);
        };
        limit.add(bend(0), bend(1));
      }
    }
    return limit.value();
  }

  void judge(std::string_view what, std::size_t i, std::size_t j, Quad by_rule, Quad numeric) {
    const Quad scale = abs(numeric) + abs(center_) * Quad(0x1p-20) + Quad(1);
    const double off = isfinite(by_rule) ? static_cast<double>(abs(by_rule - numeric) / scale)
                                         : std::numeric_limits<double>::infinity();
    report_.cell.worst = std::max(report_.cell.worst, off);
    if (off <= 1e-3) return;  // four digits are the differences' own
    report_.fail(fmt::format("{} {},{} at {}: {:.9g} by the rule, {:.9g} by differences", what, i,
                             j, to_string(at_), static_cast<double>(by_rule),
                             static_cast<double>(numeric)));
  }

  EdgeCase& case_;
  EdgeReport& report_;
  Point at_;
  Quad center_;
  std::map<std::size_t, Alone> alone_;
  std::map<std::pair<std::size_t, std::size_t>, Together> together_;
};

/// All elements of operand k.
void fill(Point& p, std::size_t k, double value) { std::ranges::fill(p[k], Quad(value)); }

/// Ones where the last two indices agree, zeros elsewhere.
void fill_identity(Point& p, std::size_t k, const Shape& shape) {
  const Index columns = shape.rank() > 0 ? shape[shape.rank() - 1] : 1;
  const Index rows = shape.rank() > 1 ? shape[shape.rank() - 2] : 1;
  for (std::size_t i = 0; i < p[k].size(); ++i) {
    const auto at = static_cast<Index>(i);
    p[k][i] = Quad(at / columns % rows == at % columns ? 1 : 0);
  }
}

Point drawn(const EdgeCase& c, std::mt19937_64& random) {
  Point p = c.base();
  for (std::size_t k = 0; k < p.size(); ++k) {
    switch (random() % 4) {
      case 0:
        fill(p, k, special[random() % special.size()]);
        break;
      case 1:
        for (Quad& v : p[k]) v = Quad(special[random() % special.size()]);
        break;
      case 2:
        if (!p[k].empty()) p[k][random() % p[k].size()] = Quad(0);
        break;
      default:
        break;
    }
  }
  return p;
}

/// Every choice of special values for operands of one element each.
std::vector<Point> grid(const EdgeCase& c) {
  std::vector<Point> points{c.base()};
  const std::size_t values = c.operand_count() > 2 ? 3 : special.size();
  for (std::size_t k = 0; k < c.operand_count(); ++k) {
    std::vector<Point> more;
    for (const Point& p : points) {
      for (std::size_t s = 0; s < values; ++s) {
        more.push_back(p);
        fill(more.back(), k, special[s]);
      }
    }
    points = std::move(more);
  }
  return points;
}

}  // namespace

void test_second(EdgeCase& c, std::uint64_t seed, EdgeReport report) {
  std::mt19937_64 random(seed);
  std::vector<Point> points;
  const bool scalars = c.element_count() == c.operand_count();
  if (scalars && c.operand_count() <= 3) points = grid(c);
  for (int draw = scalars ? 10 : 0; draw < 10; ++draw) points.push_back(drawn(c, random));
  for (std::size_t k = 0; k < c.operand_count(); ++k) {
    points.push_back(c.base());
    fill_identity(points.back(), k, c.recorded().differentiated[k].shape());
    points.push_back(c.base());
    fill(points.back(), k, 0);
  }
  for (Point& p : points) SecondTest(c, report, std::move(p)).run(random);
}

}  // namespace dtheta::gradcheck
