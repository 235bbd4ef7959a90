// Corners of other kinds: medians, total variation, ties, norms at zero, clips, products of
// absolute values, penalties that are small beside the rest.
#include <algorithm>
#include <array>
#include <cmath>

#include "benchmarks/families/model.hpp"
#include "benchmarks/families/strange.hpp"

namespace families {
namespace {

/// A cost with θ at corners, or beside, and what is right there.
struct Cornered {
  Model model;
  /// Slopes to the left and to the right where they differ from the model's own: by entry.
  std::vector<double> below, above;
  double length = 1.0;
};

template <class F>
Cornered smooth_beside(std::string kind, std::vector<double> theta, double length, F f) {
  Cornered c{model(std::move(kind), std::move(theta), 0, f), {}, {}, length};
  return c;
}

/// The slopes of both sides from the model's own dual numbers at a θ moved by next to nothing: the
/// smooth rest of these costs is at most quadratic, and is taken at θ itself.
template <class F>
Cornered at_corner(std::string kind, std::vector<double> theta, double length, F f) {
  Cornered c{model(std::move(kind), std::move(theta), 0, f), {}, {}, length};
  const Model& m = c.model;
  for (std::size_t i = 0; i < m.theta.size(); ++i) {
    const auto slope = [&](double sign) {
      // In quad, from two moves so small that all else is beyond double.
      const auto wide = as<Quad>(m.theta);
      const auto at = [&](double move) {
        auto moved = wide;
        moved[i] = moved[i] + Quad(move);
        return f(std::span<const Quad>(moved), Marks<Quad>{});
      };
      const double h = 0x1p-50 * std::max(std::abs(m.theta[i]), 1e-3);
      const Quad centre = at(0.0);
      const Quad one = (at(sign * h) - centre) / Quad(sign * h);
      const Quad two = (at(0.5 * sign * h) - centre) / Quad(0.5 * sign * h);
      return static_cast<double>(Quad(2.0) * two - one);
    };
    c.below.push_back(slope(-1.0));
    c.above.push_back(slope(1.0));
  }
  return c;
}

double eighths(Random& random) { return (static_cast<double>(random.below(33)) - 16.0) / 8.0; }

Cornered median(Random& random) {
  const std::size_t n = 3 + 2 * random.below(4);
  std::vector<double> y(n);
  for (double& v : y) v = eighths(random);
  const double weight = random.chance(0.3) ? 0.9 : 0.5;
  const double t =
      random.chance(0.6) ? y[random.below(n)] : eighths(random) + random.decade(-6, -1.2);
  return at_corner("quantile loss", {t, random.normal()}, 0.02, [=](auto p, auto) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (const double v : y) {
      const T r = v - p[0];
      sum += r > T(0.0) ? weight * r : (weight - 1.0) * r;
    }
    return sum + 0.5 * square(p[1] - 0.25);
  });
}

Cornered variation(Random& random) {
  const std::size_t n = 3 + random.below(4);
  std::vector<double> theta(n);
  for (double& v : theta) v = random.chance(0.5) ? 0.5 : eighths(random);
  const auto y = random.normals(n);
  const double weight = random.decade(-6, 1);
  return at_corner("total variation", theta, 0.1, [=](auto p, auto) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += 0.5 * square(p[i] - y[i]);
    for (std::size_t i = 0; i + 1 < n; ++i) sum += weight * fabs(p[i + 1] - p[i]);
    return sum;
  });
}

Cornered largest_of(Random& random) {
  const std::size_t n = 3 + random.below(4), rank = random.below(2);
  std::vector<double> theta(n);
  for (double& v : theta) v = random.chance(0.6) ? 1.5 : eighths(random);
  return at_corner(rank == 0 ? "largest, ties" : "second largest, ties", theta, 0.1,
                   [=](auto p, auto) {
                     using T = Scalar<decltype(p)>;
                     std::vector<T> v(p.begin(), p.end());
                     std::sort(v.begin(), v.end(), [](T a, T b) { return a > b; });
                     T sum = v[rank];
                     for (std::size_t i = 0; i < n; ++i) sum += 0.25 * square(p[i]);
                     return sum;
                   });
}

Cornered norm(Random& random) {
  const std::size_t n = 2 + random.below(3);
  std::vector<double> theta(n, 0.0);
  for (std::size_t i = 1; i < n; ++i) theta[i] = random.chance(0.5) ? 0.0 : eighths(random);
  const auto t = random.normals(n);
  return at_corner("group lasso", theta, 1.0, [=](auto p, auto) {
    using T = Scalar<decltype(p)>;
    T length = 0.0, sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) {
      length += square(p[i]);
      sum += 0.5 * square(p[i] - t[i]);
    }
    return sum + (length > T(0.0) ? sqrt(length) : T(0.0));
  });
}

Cornered clip(Random& random) {
  const std::size_t kind = random.below(4);
  static const std::array<std::string, 4> names = {"clip at its limit", "leaky", "triangle wave",
                                                   "product of absolute values"};
  const double rate = std::exp2(static_cast<double>(random.below(9)));
  const double x = kind == 0 ? 1.0 : kind == 1 ? 0.0 : kind == 2 ? eighths(random) : 0.0;
  const double away = random.chance(0.5) ? 0.0 : random.sign() * random.decade(-8, -2.5);
  return at_corner(
      names[kind], {x + away, 0.5 + 0.25 * eighths(random)},
      away == 0.0 ? 0.1 / rate : std::abs(away), [=](auto p, auto) {
        using T = Scalar<decltype(p)>;
        const T zero = 0.0, one = 1.0;
        if (kind == 0)
          return square((p[0] < zero ? zero : p[0] > one ? one : p[0]) - 0.3) + 0.1 * square(p[1]);
        if (kind == 1) return (p[0] > zero ? p[0] : 0.01 * p[0]) * p[1] + square(p[1]);
        if (kind == 2) {
          const T z = rate * p[0];
          const double whole = std::floor(plain(z) + 0.5);
          return fabs(z - whole) / rate + 0.5 * square(p[1]);
        }
        return fabs(p[0] * p[1]) + 0.5 * square(p[0] - p[1]);
      });
}

Cornered far(Random& random) {
  const double at = random.among(std::vector<double>{2458849.5, 1.6e9, 500.0, 1e6});
  const double away =
      random.chance(0.5) ? 0.0 : random.sign() * std::exp2(-static_cast<double>(random.below(12)));
  return at_corner("absolute value, far", {at + away, random.normal()},
                   away == 0.0 ? 1.0 : std::abs(away),
                   [=](auto p, auto) { return 0.7 * fabs(p[0] - at) + 0.5 * square(p[1] - 0.25); });
}

Cornered tiny_huber(Random& random) {
  const double delta = random.decade(-6, -1);
  const double x = random.among(std::vector<double>{0.0, 0.3 * delta, -2.0 * delta, 0.4});
  return smooth_beside(
      "narrow Huber", {x, random.normal()}, std::min(delta, 0.1) * 0.2, [=](auto p, auto) {
        using T = Scalar<decltype(p)>;
        const T size = fabs(p[0]);
        const T part = size < T(delta) ? 0.5 * square(p[0]) / delta : size - 0.5 * delta;
        return part + 0.5 * square(p[1] - p[0]);
      });
}

/// A hidden layer whose units meet zero exactly on the data.
Cornered relu_layer(Random& random) {
  const std::size_t units = 2 + random.below(3);
  std::vector<double> x(4), theta;
  for (double& v : x) v = eighths(random);
  for (std::size_t j = 0; j < units; ++j) {
    const double w = eighths(random);
    theta.push_back(w);
    theta.push_back(random.chance(0.5) ? -w * x[random.below(4)] : eighths(random));
    theta.push_back(eighths(random));
  }
  return at_corner("relu units at zero", theta, 0.05, [=](auto p, auto) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (const double v : x) {
      T out = -0.5;
      for (std::size_t j = 0; j < units; ++j) {
        const T z = p[3 * j] * v + p[3 * j + 1];
        if (z > T(0.0)) out += p[3 * j + 2] * z;
      }
      sum += square(out);
    }
    return sum;
  });
}

}  // namespace

World draw_strange_corner(Random& random) {
  static constexpr std::array kinds = {median, variation, largest_of, norm,
                                       clip,   far,       tiny_huber, relu_layer};
  const Cornered c = kinds[random.below(kinds.size())](random);
  World world = world_of(c.model);
  world.lengths.assign(c.model.theta.size(), c.length);
  Candidate right = world.right.front();
  if (!c.below.empty()) {
    bool corner = false;
    right.name = "right, inside";
    right.function = nullptr;
    for (std::size_t i = 0; i < c.below.size(); ++i) {
      const double low = c.below[i], high = c.above[i];
      const double size = std::max(std::abs(low), std::abs(high));
      if (std::abs(high - low) <= 1e-9 * (size + 1e-6)) {
        // Where others tie, a rule takes sides; along this entry there is one slope.
        if (std::abs(world.below[i] - low) > 1e-6 * size) {
          right.values[i] = world.below[i] = world.above[i] = low;
        }
        continue;
      }
      corner = true;
      world.below[i] = low;
      world.above[i] = high;
      right.values[i] = low + random.uniform(0.05, 0.95) * (high - low);
    }
    const bool moved = right.values != world.right.front().values;
    if (corner || moved) {
      world.kind += corner ? ", at it" : ", ties";
      world.right = {right};
    } else {
      world.kind += ", beside it";
    }
  }
  const auto& g = world.right.front().values;
  for (int k = 0; k < 3; ++k) {
    const std::size_t i = random.below(g.size());
    const double low = std::min(world.below[i], world.above[i]),
                 high = std::max(world.below[i], world.above[i]);
    const double size = std::max(std::abs(low), std::abs(high));
    const double outside = size * (k == 2 ? 1.0 : random.decade(-4, -1));
    Candidate wrong = world.right.front();
    wrong.function = nullptr;
    wrong.name = k == 2 ? "far outside" : "outside";
    wrong.values[i] = random.chance(0.5) ? high + outside : low - outside;
    wrong.open_is_fair = low != high;
    world.wrong.push_back(std::move(wrong));
  }
  return world;
}

}  // namespace families
