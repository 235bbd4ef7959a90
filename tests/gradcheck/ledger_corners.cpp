// Costs with corners, kinks and edges at θ and beside it.

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

/// Two corners meet at θ and cancel along the first entry; the gradient takes both from the side
/// where they are flat. Beside θ it is right, as far as a distance. Or they are round from close
/// by, and nothing excuses that.
World corners_that_cancel(Draws& draws) {
  const Cubic f(draws);
  const Values x = draws.plain(2);
  const double gap = draws.order(1e-9, 10.0);
  const double a = draws.between(-1.4, 1.4), b = draws.between(-1.4, 1.4);
  const double honest = draws.order(1e-5, 1.0), bent = draws.order(1e-2, 1e2);
  const double round = draws.below(3) == 0 ? draws.order(1e-13, 1e-5) : 0.0;
  const double noise = draws.below(2) == 0 ? draws.order(1e-16, 1e-9) : 0.0;
  const auto relu = [=](double u) { return 0.5 * (u + std::sqrt(u * u + round * round)); };
  const auto inputs = [=](Span t) {
    const double u = t[0] - x[0], v = t[1] - x[1];
    return std::array{u + a * v, b * v - u};
  };
  const auto cost = [=](Span t) {
    const auto [y, z] = inputs(t);
    return f(t[0]) + bent * t[1] * t[1] * t[1] + gap * (relu(y) - relu(z)) +
           noise * noise_of(t[0] + t[1]);
  };
  const auto gradient = [=](Span t) {
    const auto [y, z] = inputs(t);
    const double on_y = y > 0.0 ? gap : 0.0, on_z = z > 0.0 ? gap : 0.0;
    const double off = std::fabs(t[0] - x[0]) > honest ? 0.1 : 0.0;
    return Values{f.slope(t[0]) + on_y + on_z + off,
                  3.0 * bent * t[1] * t[1] + a * on_y - b * on_z};
  };
  World world = block(x, cost, gradient(x));
  world.gradient = gradient;
  return world;
}

/// A corner at x = at, and something smooth beside it.
Function cornered(const Cubic& f, double at, double below, double above) {
  return [=](double t) { return f(t) + (t < at ? below : above) * (t - at); };
}

/// θ lies on a corner; what is claimed lies between the slopes, or beyond by `outside` of their
/// gap.
World corner(Draws& draws, double outside) {
  const Cubic f(draws);
  const double x = draws.below(3) == 0 ? 0.0 : draws.plain();
  const double below = draws.plain(), above = draws.plain();
  const double part = outside == 0.0 ? draws.unit() : 1.0 + outside;
  return one(x, cornered(f, x, below, above), f.slope(x) + below + part * (above - below));
}

World slight_corner(Draws& draws) {
  const Cubic f(draws);
  const double x = draws.plain(), gap = draws.order(1e-12, 1e-1), part = draws.unit();
  return one(x, cornered(f, x, 0.0, gap), f.slope(x) + part * gap);
}

World corner_beside(Draws& draws, double low, double high) {
  const Cubic f(draws);
  const double x = draws.below(4) == 0 ? 0.0 : draws.plain();
  const double away = draws.order(low, high);
  const double at = x + draws.sign() * away;
  const double below = draws.plain(), above = draws.plain();
  return one(x, cornered(f, at, below, above), f.slope(x) + (x < at ? below : above));
}

/// So close to a corner that double hardly tells on which side θ lies; a parabola beside a large
/// term.
World corner_next_to(Draws& draws) {
  const double large = draws.order(1e1, 1e4), x = draws.plain(), bent = draws.plain();
  const double away = large * draws.order(1e-16, 1e-13), gap = draws.order(1e-2, 1.0);
  const double at = x - draws.sign() * away;
  const auto f = [=](double t) { return large + bent * t * t + gap * std::fabs(t - at); };
  return one(x, f, 2.0 * bent * x + (x > at ? gap : -gap));
}

World absolute(Draws& draws) {
  const double part = draws.between(-1.0, 1.0);
  return one(
      0.0, [](double t) { return std::fabs(t); }, part);
}

World larger_of_two(Draws& draws) {
  const double part = draws.between(1.0, 2.0);
  return one(
      1.0, [](double t) { return std::max(t, t * t); }, part);
}

World leaky(Draws& draws) {
  const double leak = draws.below(2) == 0 ? 0.01 : 0.2, part = draws.between(leak, 1.0);
  return one(
      0.0, [=](double t) { return 0.5 + (t < 0.0 ? leak * t : t); }, part);
}

World kink(Draws& draws) {
  const double at = draws.below(2) == 0 ? 0.0 : draws.plain();
  const double away = draws.below(3) == 0 ? 0.0 : draws.order(1e-9, 1e-1);
  const double x = at + draws.sign() * away, sharp = draws.plain();
  const auto f = [=](double t) { return t + 0.5 + sharp * (t - at) * std::fabs(t - at); };
  return one(x, f, 1.0 + 2.0 * sharp * std::fabs(x - at));
}

/// Linear between the points of a table.
World table(Draws& draws) {
  const double cells = static_cast<double>(std::size_t{16} << draws.below(13));
  const double x = draws.between(0.1, 0.9);
  const auto g = [](double t) { return t / (0.5 + t * t); };
  const double left = std::floor(x * cells) / cells, right = left + 1.0 / cells;
  const auto f = [=](double t) {
    const double below = std::floor(t * cells) / cells, above = below + 1.0 / cells;
    return g(below) + (t - below) * cells * (g(above) - g(below));
  };
  return one(x, f, cells * (g(right) - g(left)));
}

World ripple(Draws& draws) {
  const double length = draws.order(1e-9, 1e-1), height = draws.order(1e-3, 1.0) * length;
  const double x = draws.plain(), u = x / length - std::floor(x / length);
  const auto f = [=](double t) {
    const double v = t / length - std::floor(t / length);
    return t + 0.1 * t * t + height * (v < 0.5 ? v : 1.0 - v);
  };
  return one(x, f, 1.0 + 0.2 * x + (u < 0.5 ? height : -height) / length);
}

World one_sided_flat(Draws& draws) {
  const double away = draws.below(3) == 0 ? 0.0 : draws.order(1e-9, 1e-1);
  const double x = draws.plain(), at = x + draws.sign() * away,
               rest = draws.below(2) == 0 ? 0.0 : 0.4;
  return one(
      x, [=](double t) { return rest + std::max(0.0, t - at); }, x > at ? 1.0 : 0.0);
}

World clamped(Draws& draws) {
  const double x = draws.between(-1.5, 1.5);
  const auto f = [](double t) {
    const double c = std::clamp(t, -1.0, 1.0);
    return c * c * c + 0.5 * c + 2.0;
  };
  return one(x, f, std::fabs(x) < 1.0 ? 3.0 * x * x + 0.5 : 0.0);
}

World plateau(Draws& draws) {
  const double half = draws.order(1e-7, 1e3), x = draws.plain();
  const auto f = [=](double t) {
    const double out = std::fabs(t - x) - half;
    return 1.0 + (out > 0.0 ? out * out : 0.0);
  };
  return one(x, f, 0.0);
}

/// Next to θ J moves, and further away it stands where it was.
World bump(double x, double width, double rest) {
  const auto f = [=](double t) {
    const double u = (t - x) / width;
    return rest + u * std::max(0.0, 1.0 - u * u);
  };
  return one(x, f, 1.0 / width);
}

World bump_on_a_plain(Draws& draws) {
  const double width = draws.order(1e-16, 1.0), x = draws.below(2) == 0 ? 0.0 : draws.plain();
  return bump(x, width, draws.below(2) == 0 ? 0.0 : 0.4);
}

/// The same at the resolution of θ.
World bump_hardly_resolved(Draws& draws) {
  const double width = draws.order(1e-15, 1e-11), x = draws.plain();
  return bump(x, width, draws.below(2) == 0 ? 0.0 : 0.4);
}

/// Beside an entry that moves J, one that does so from a distance on, by little.
World moves_from_afar(Draws& draws) {
  const double half = draws.order(1e-6, 1.0), little = draws.order(1e-17, 1e-8);
  const Values x = draws.plain(2);
  const double claimed = draws.below(2) == 0 ? 0.0 : draws.order(1e-25, 1e-15);
  const auto f = [=](Span t) {
    const double out = std::fabs(t[1] - x[1]) - half;
    return 1.0 + t[0] * t[0] + (out > 0.0 ? little : 0.0);
  };
  return block(x, f, {2.0 * x[0], claimed});
}

/// J has no value beyond an edge: 0 is not a number, 1 infinite, 2 throws.
World edge(Draws& draws, std::size_t how) {
  const double away = draws.below(4) == 0 ? 0.0 : draws.order(1e-9, 1.0);
  const double x = draws.plain(), at = x - away;
  const Cubic g(draws);
  const auto f = [=](double t) {
    if (t >= at) return g(t);
    if (how == 2) throw std::domain_error("beyond the edge");
    return how == 0 ? std::numeric_limits<double>::quiet_NaN()
                    : std::numeric_limits<double>::infinity();
  };
  return one(x, f, g.slope(x));
}

World root_at_edge(Draws& draws) {
  const double away = draws.below(4) == 0 ? 0.0 : draws.order(1e-12, 1.0);
  const double x = away == 0.0 ? 0.0 : draws.plain(), at = x - away;
  return one(
      x, [=](double t) { return 1.0 + std::sqrt(t - at); },
      away > 0.0 ? 0.5 / std::sqrt(x - at) : 1e3);
}

World singular(Draws& draws) {
  const double claimed = draws.order(1e-2, 1e8);
  return one(
      0.0, [](double t) { return std::sqrt(std::fabs(t)); }, claimed);
}

World cube_root_like(Draws& draws) {
  const double x = draws.below(2) == 0 ? 0.0 : draws.order(1e-14, 1e-2);
  const auto f = [](double t) { return 1.0 + (t < 0.0 ? -1.0 : 1.0) * std::sqrt(std::fabs(t)); };
  return one(x, f, x == 0.0 ? 1e4 : 0.5 / std::sqrt(x));
}

}  // namespace

std::vector<Kind> corner_kinds() {
  return {
      kind("corner", 20, [](Draws& d) { return corner(d, 0.0); }),
      kind("corner, claimed beyond by 1e-3", 12, [](Draws& d) { return corner(d, 1e-3); }),
      kind("corner, claimed beyond by 1e-7", 16, [](Draws& d) { return corner(d, 1e-7); }),
      kind("corner, claimed beyond by 1e-9", 16, [](Draws& d) { return corner(d, 1e-9); }),
      kind("corners that cancel", 120, corners_that_cancel),
      kind("slight corner", 30, slight_corner),
      kind("corner beside", 40, [](Draws& d) { return corner_beside(d, 1e-9, 1e-1); }),
      kind("corner far beside", 12, [](Draws& d) { return corner_beside(d, 1e-2, 1e1); }),
      kind("corner next to theta", 60, corner_next_to),
      kind("absolute value", 8, absolute),
      kind("larger of two", 8, larger_of_two),
      kind("leaky relu", 8, leaky),
      kind("kink", 24, kink),
      kind("table", 26, table),
      kind("ripple", 30, ripple),
      kind("flat to one side", 20, one_sided_flat),
      kind("clamped", 16, clamped),
      kind("plateau", 20, plateau),
      kind("bump on a plain", 30, bump_on_a_plain),
      kind("bump that theta hardly resolves", 30, bump_hardly_resolved),
      kind("moves from afar", 40, moves_from_afar),
  };
}

std::vector<Kind> edge_kinds() {
  return {
      kind("edge to NaN", 20, [](Draws& d) { return edge(d, 0); }),
      kind("edge to infinity", 12, [](Draws& d) { return edge(d, 1); }),
      kind("edge that throws", 8, [](Draws& d) { return edge(d, 2); }),
      kind("root at an edge", 20, root_at_edge),
      kind("singular", 10, singular),
      kind("two roots", 12, cube_root_like),
  };
}

}  // namespace dtheta::test::ledger
