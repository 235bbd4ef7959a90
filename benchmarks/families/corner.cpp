// Corners of J, at θ to the bit and at a distance. At θ every value between the slopes of the two
// sides is right; a little outside is wrong. Beside θ there is one right value.
#include "benchmarks/families/corner.hpp"

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// max of two curves in y = x - corner, a y + c y² each, or their exponentials.
struct Branches {
  std::string kind;
  double a1, c1, a2, c2;
  bool exponential = false;
};

Branches draw_branches(Random& random) {
  switch (random.below(6)) {
    case 0:
      return {"max(x, x^2)", 1.0, 0.0, 2.0, 1.0};
    case 1:
      return {"max(x, exp)", 1.0, 0.0, random.uniform(1.5, 4.0), 0.0, true};
    case 2:
      return {"relu", 0.0, 0.0, random.decade(-1, 1), 0.0};
    case 3: {
      const double a = random.decade(-1, 1);
      return {"abs", -a, 0.0, a, 0.0};
    }
    case 4:
      return {"max of lines", random.normal(), 0.0, random.normal(), 0.0};
    default:
      return {"max of curves", random.normal(), random.normal(), random.normal(), random.normal()};
  }
}

template <class T>
T branch(T y, double a, double c, bool exponential) {
  // exp(a y) - 1, so that the branches meet at exactly 0.
  if (exponential) return exp(T(a) * y) - T(1.0);
  return T(a) * y + T(c) * y * y;
}

template <class T>
T larger(T a, T b) {
  return a > b ? a : b;
}

/// The corner lies in entry 0; what else there is of J is smooth.
Model cornered(const Branches& b, double corner, double moved, const Model& rest, double weight) {
  std::vector<double> theta = {corner + moved};
  theta.insert(theta.end(), rest.theta.begin(), rest.theta.end());
  return model(b.kind, theta, 0, [=](auto p, auto) {
    using T = std::remove_cvref_t<decltype(p[0])>;
    const T y = p[0] - T(corner);
    T sum = larger(branch(y, b.a1, b.c1, false), branch(y, b.a2, b.c2, b.exponential));
    sum += T(weight) * sin(p[0]);
    for (std::size_t i = 1; i < p.size(); ++i) sum += T(0.5) * square(p[i] - T(0.5));
    return sum;
  });
}

/// Gradient everywhere but at the corner, where it is `value`.
GradientFunction with_value_at(const GradientFunction& right, double corner, double value) {
  return [=](std::span<const double> theta, std::span<double> g) {
    right(theta, g);
    if (theta[0] == corner) g[0] = value;
  };
}

void at_corner(World& world, const Branches& b, double corner, double smooth, Random& random) {
  const double left = std::min(b.a1, b.a2) + smooth, right = std::max(b.a1, b.a2) + smooth;
  world.below[0] = left;
  world.above[0] = right;
  Candidate inside = world.right.front();
  const auto usual = inside.function;
  const auto at = [&](std::string name, double value) {
    Candidate c = inside;
    c.name = std::move(name);
    c.values[0] = value;
    c.function = with_value_at(usual, corner, value);
    return c;
  };
  world.right = {at("right, inside", left + random.uniform(0.05, 0.95) * (right - left)),
                 at("right, one side", random.chance(0.5) ? left : right)};
  const double size = std::max(std::abs(left), std::abs(right));
  for (int k = 0; k < 2; ++k) {
    const double part = random.decade(-4, -1), outside = part * size;
    Candidate c = at(part < 1e-3   ? "outside by 1e-4"
                     : part < 1e-2 ? "outside by 1e-3"
                                   : "outside by 1e-2",
                     random.chance(0.5) ? right + outside : left - outside);
    c.open_is_fair = true;
    world.wrong.push_back(std::move(c));
  }
  Candidate far = at("far outside", random.chance(0.5) ? right + size : left - size);
  far.open_is_fair = true;
  world.wrong.push_back(std::move(far));
}

}  // namespace

World draw_corner(Random& random) {
  if (random.chance(0.2)) return random.chance(0.5) ? draw_lasso(random) : draw_hinge(random);
  const Branches b = draw_branches(random);
  const bool here = random.chance(0.6);
  const double corner = random.chance(0.5) ? 1.0 : random.normal() * random.decade(-2, 2);
  const double moved =
      here ? 0.0 : random.sign() * random.decade(-9, -0.5) * std::max(1.0, std::abs(corner));
  Model rest;
  rest.theta = random.normals(random.below(3));
  const double weight = random.chance(0.5) ? 0.0 : random.normal();
  const Model m = cornered(b, corner, moved, rest, weight);
  World world = world_of(m);
  world.lengths.assign(m.theta.size(), 1.0);
  const double at = m.theta[0];
  const bool flat = b.a1 == b.a2;
  if (at == corner && !flat) {
    world.kind += ", at it";
    at_corner(world, b, corner, weight * std::cos(corner), random);
    return world;
  }
  world.kind += ", beside it";
  world.lengths[0] = std::max(std::abs(at - corner), 1e-9 * std::abs(at));
  plant_spoiled(world, random, 1);
  // The slope of the other side, and one between the two.
  const double g = world.right.front().values[0];
  const double low = std::min(b.a1, b.a2), high = std::max(b.a1, b.a2);
  const double other = (at > corner ? low : high) + weight * std::cos(at);
  plant_value(world, 0, other, "slope of the other side");
  plant_value(world, 0, 0.5 * (g + other), "between the sides");
  return world;
}

}  // namespace families
