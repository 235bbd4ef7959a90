// Costs that jump beside θ, now and then, and costs of a solver that stops early.

#include <algorithm>
#include <cmath>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

World jump_beside(Draws& draws) {
  const Cubic f(draws);
  const double x = draws.plain(), away = draws.order(1e-10, 1.0), height = draws.order(1e-12, 1.0);
  const double at = x + draws.sign() * away, signed_height = draws.sign() * height;
  return one(
      x, [=](double t) { return f(t) + (t < at ? 0.0 : signed_height); }, f.slope(x));
}

World jump_at(Draws& draws) {
  const Cubic f(draws);
  const double x = draws.plain(), height = draws.order(1e-14, 1.0);
  return one(
      x, [=](double t) { return f(t) + (t < x ? 0.0 : height); }, f.slope(x));
}

World schedule(Draws& draws) {
  const double x = draws.between(0.5, 3.5), height = draws.order(1e-5, 1.0);
  const double length = draws.order(1e-4, 1e1);
  const auto f = [=](double t) { return t * t + height * std::floor(t / length); };
  return one(x, f, 2.0 * x);
}

World saw(Draws& draws) {
  const double n = draws.order(1e0, 1e9), x = draws.plain();
  return one(
      x, [n](double t) { return 0.3 + (t * n - std::floor(t * n)) / n; },
      draws.below(3) == 0 ? 0.0 : 1.0);
}

/// A slope whose jumps take a part of it back.
World taken_back(Draws& draws) {
  const double length = draws.order(1e-8, 1e-1), part = draws.between(0.01, 2.0);
  const double scale = draws.order(1e-6, 1.0);
  const double x = draws.plain();
  const auto f = [=](double t) {
    const double inside = t / length - std::floor(t / length);
    return 1.0 + scale * (t * t + part * length * inside);
  };
  return one(x, f, scale * (2.0 * x + (draws.below(2) == 0 ? part : 0.0)));
}

/// The same of a J that is rounded, and jumps by not much more than that.
World taken_back_rounded(Draws& draws) {
  const double unit = 0x1p-45 * static_cast<double>(std::size_t{1} << draws.below(12));
  const double length = draws.order(1e-9, 1e-3), jump = unit * draws.order(1e0, 1e4);
  const double x = draws.plain();
  const auto f = [=](double t) {
    const double inside = t / length - std::floor(t / length);
    return std::nearbyint((1.0 + t * t + jump * inside) / unit) * unit;
  };
  return one(x, f, 2.0 * x + (draws.below(2) == 0 ? jump / length : 0.0));
}

/// The root of y^3 + y = x, by steps of Newton that end where one is shorter than `enough`.
World newton(Draws& draws, double enough) {
  const double x = draws.between(0.5, 30.0);
  const auto solve = [](double t, double end) {
    double y = 1.0;
    for (int k = 0; k < 60; ++k) {
      const double move = (y * y * y + y - t) / (3.0 * y * y + 1.0);
      y -= move;
      if (std::fabs(move) < end) break;
    }
    return y;
  };
  const double y = solve(x, 1e-14);
  const auto f = [=](double t) {
    const double z = solve(t, enough);
    return z * z;
  };
  return one(x, f, 2.0 * y / (3.0 * y * y + 1.0));
}

/// A fixed point of y = c / (1 + y^2), by plain iteration.
World iterated(Draws& draws, double enough) {
  const double x = draws.between(0.5, 1.4);
  const auto solve = [](double c, double end) {
    double y = 1.0, before = 0.0;
    for (int k = 0; k < 400 && std::fabs(y - before) >= end; ++k) {
      before = y;
      y = c / (1.0 + y * y);
    }
    return y;
  };
  const double y = solve(x, 1e-15);
  const double q = 1.0 + y * y;
  return one(
      x, [=](double c) { return 0.5 + solve(c, enough); },
      (1.0 / q) / (1.0 + 2.0 * x * y / (q * q)));
}

/// A product of a factor that has lost its digits and one that has not.
World lost_factor(Draws& draws) {
  const double large = draws.order(1e3, 1e13), a = draws.plain();
  const double b = draws.between(0.5, 1.5), c = draws.plain();
  const auto f = [large](Span t) { return ((large + t[0]) - large) * t[1] + t[2] * t[2]; };
  return block({a, b, c}, f, {b, a, 2.0 * c});
}

/// The same beside noise that all entries stir.
World noisy_lost_factor(Draws& draws) {
  const double noise = draws.order(1e-12, 1e-6), more = draws.order(1e1, 1e6), lost = noise * more;
  const double a = draws.plain(), b = draws.between(0.5, 1.5), c = draws.plain();
  const auto f = [=](Span t) {
    const double factor = t[0] + lost * noise_of(t[0]);
    return (factor * t[1] + t[2] * t[2]) * (1.0 + noise * noise_of(t[0] + t[1] + t[2]));
  };
  return block({a, b, c}, f, {b, a, 2.0 * c});
}

World noise_of_others(Draws& draws) {
  const double large = draws.order(1e3, 1e13);
  const Values x = draws.plain(5);
  const auto f = [large](Span t) {
    return ((large + t[1] * t[1]) - large) + t[0] * t[0] + t[2] * t[3] + t[4] * t[4] * t[4];
  };
  return block(x, f, {2.0 * x[0], 2.0 * x[1], x[3], x[2], 3.0 * x[4] * x[4]});
}

/// Random jumps inside cells, about a slope.
World rounded_inside(Draws& draws) {
  const double unit = draws.order(1e-16, 1e-2), x = draws.plain(), rest = draws.plain();
  const Cubic f(draws);
  const auto g = [=](double t) {
    const double inner = std::nearbyint(t * t / unit) * unit;
    return inner * rest + 0.3 * f(t);
  };
  return one(x, g, 2.0 * x * rest + 0.3 * f.slope(x));
}

/// A term that only steps as wide as the entry see.
World dies_out(Draws& draws) {
  const double width = draws.order(1e-4, 1e2), x = draws.plain() * 100.0, size = draws.plain();
  const double noise = draws.order(1e-16, 1e-6);
  const auto f = [=](double t) {
    const double u = (t - x) / width;
    return 3.0 + size * u / (1.0 + u * u) * 1e-3 + noise * noise_of(t);
  };
  return one(x, f, 1e-3 * size / width);
}

/// A slope that only wide steps see, and noise for which they are needed; what is claimed is that.
World seen_from_afar(Draws& draws) {
  const double width = draws.order(1e-3, 1.0), x = draws.plain(), slope = draws.order(1e-7, 1e-1);
  const double noise = draws.order(1e-12, 1e-7), height = slope * width;
  const auto f = [=](double t) {
    const double u = (t - x) / width;
    return 1.0 + t + height * u / (1.0 + u * u * u * u) + noise * noise_of(t);
  };
  return one(x, f, 1.0);
}

/// One entry's noise sends another, of which J is free of noise, to wide steps.
World weak_beside_noise(Draws& draws) {
  const double weak = draws.order(1e-12, 1e-4), noise = draws.order(1e-12, 1e-6);
  const double own = weak * draws.order(1e-16, 1e-4), bent = draws.order(1e-9, 1e-1);
  const Values x = draws.plain(2);
  const auto f = [=](Span t) {
    const double u = t[1] - x[1];
    return t[0] + noise * noise_of(t[0]) + weak * (u + bent * u * u * u) + own * noise_of(t[1]);
  };
  return block(x, f, {1.0, weak});
}

}  // namespace

std::vector<Kind> jump_kinds() {
  return {
      kind("jump beside", 50, jump_beside),
      kind("jump at theta", 20, jump_at),
      kind("schedule", 40, schedule),
      kind("saw", 30, saw),
      kind("taken back", 60, taken_back),
      kind("taken back, rounded", 40, taken_back_rounded),
      kind("Newton to 1e-4", 16, [](Draws& d) { return newton(d, 1e-4); }),
      kind("Newton to 1e-6", 12, [](Draws& d) { return newton(d, 1e-6); }),
      kind("iterated to 1e-4", 16, [](Draws& d) { return iterated(d, 1e-4); }),
      kind("iterated to 1e-7", 16, [](Draws& d) { return iterated(d, 1e-7); }),
      kind("a factor without digits", 30, lost_factor),
      kind("a noisy factor without digits", 30, noisy_lost_factor),
      kind("noise of another entry", 20, noise_of_others),
      kind("rounded inside", 40, rounded_inside),
      kind("dies out", 30, dies_out),
      kind("weak beside noise", 60, weak_beside_noise),
      kind("seen from afar", 60, seen_from_afar),
  };
}

}  // namespace dtheta::test::ledger
