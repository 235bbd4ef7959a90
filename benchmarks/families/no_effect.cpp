// Parameters that have no effect: unused ones, shifts before a layer that takes them out, code that
// skips zeros. What is 0 in truth comes out as rounding.
#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// A bias before batch normalisation: J does not depend on it.
Model bias_before_norm(Random& random) {
  const std::size_t examples = 4 + random.below(5), n = 3;
  const auto x = random.normals(2 * examples, random.decade(-1, 1)), t = random.normals(examples);
  std::vector<double> theta = random.normals(2);
  theta.push_back(random.normal());  // the bias
  theta.push_back(random.normal());  // gain
  theta.push_back(random.normal());  // shift
  return model("bias before batch norm", theta, 4, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    std::vector<T> a(examples);
    const double m = static_cast<double>(examples);
    T mean = 0.0, variance = 0.0, sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      a[k] = p[0] * x[2 * k] + p[1] * x[2 * k + 1] + mark(3, p[2]);
    }
    for (const T& v : a) mean += v / m;
    for (const T& v : a) variance += square(v - mean) / m;
    for (std::size_t k = 0; k < examples; ++k) {
      const T z = (a[k] - mark(0, mean)) / sqrt(mark(1, variance) + 1e-5);
      sum += square(tanh(mark(2, p[n]) * z + p[n + 1]) - t[k]);
    }
    return sum;
  });
}

/// A shift of all logits.
Model shift_before_softmax(Random& random) {
  const std::size_t n = 3 + random.below(3);
  auto theta = random.normals(n);
  theta.push_back(random.normal());
  return model("shift before softmax", theta, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T total = 0.0;
    for (std::size_t i = 0; i < n; ++i) total += exp(mark(0, p[i]) + p[n]);
    return log(total) - mark(1, p[0] + p[n]);
  });
}

/// A scale before a vector is made to have length one.
Model scale_before_length(Random& random) {
  const std::size_t n = 3;
  const auto t = random.normals(n);
  auto theta = random.normals(n);
  theta.push_back(random.uniform(0.5, 3.0));
  return model("scale before normalising", theta, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T length = 0.0, dot = 0.0;
    for (std::size_t i = 0; i < n; ++i) length += square(p[n] * p[i]);
    for (std::size_t i = 0; i < n; ++i) dot += t[i] * p[n] * mark(0, p[i]) / sqrt(mark(1, length));
    return square(1.0 - dot);
  });
}

/// Columns of zeros in the data: weights that touch nothing.
Model unused(Random& random) {
  const std::size_t n = 4, examples = 5;
  auto x = random.normals(n * examples);
  const std::size_t dead = random.below(n);
  for (std::size_t k = 0; k < examples; ++k) x[k * n + dead] = 0.0;
  const auto y = random.normals(examples);
  return model("unused weight", random.normals(n), 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t k = 0; k < examples; ++k) {
      T out = -y[k];
      for (std::size_t i = 0; i < n; ++i) out += x[k * n + i] * (i == 0 ? mark(0, p[i]) : p[i]);
      sum += mark(1, square(out));
    }
    return sum;
  });
}

/// Zero parameters, where lazy code skips.
Model zeros(Random& random) {
  const std::size_t n = 2 + random.below(4);
  auto theta = random.normals(n);
  for (std::size_t i = 0; i < n; ++i) {
    if (i == 0 || random.chance(0.5)) theta[i] = 0.0;
  }
  const auto target = random.normals(n);
  return model("zero parameters", theta, 0, [=](auto p, auto) {
    using T = Scalar<decltype(p)>;
    T sum = 0.0;
    for (std::size_t i = 0; i < n; ++i) sum += square(p[i] - target[i]) + 0.1 * sin(p[i] * p[0]);
    return sum;
  });
}

/// In quad, too, a zero comes out as a crumb; but it is known to be one.
void clear_crumbs(World& world, std::size_t at) {
  constexpr double crumb = 1e-25;
  const auto clear = [&](std::vector<double>& g) {
    if (std::abs(g[at]) < crumb) g[at] = 0.0;
  };
  clear(world.below);
  clear(world.above);
  clear(world.right.front().values);
  for (Candidate& c : world.wrong) clear(c.values);
}

/// `v == 0 ? 0 : ...`: nothing where the parameter is zero.
Candidate skipping_zeros(const World& world) {
  Candidate c = world.right.front();
  c.name = "zeros skipped";
  const auto theta = world.theta.values();
  for (std::size_t i = 0; i < c.values.size(); ++i) {
    if (theta[i] == 0.0) c.values[i] = 0.0;
  }
  c.function = [right = world.right.front().function](std::span<const double> at,
                                                      std::span<double> g) {
    right(at, g);
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (at[i] == 0.0) g[i] = 0.0;
    }
  };
  return c;
}

}  // namespace

World draw_no_effect(Random& random) {
  static const std::vector<DrawModel> kinds = {bias_before_norm, shift_before_softmax,
                                               scale_before_length, unused, zeros};
  const Model m = random.among(kinds)(random);
  const std::size_t n = m.theta.size();
  const bool alone = m.kind != "zero parameters" && m.kind != "unused weight" && random.chance(0.5);
  // The parameter without effect in a block of its own, or among the others.
  const std::size_t at = m.kind == "bias before batch norm" ? 2 : n - 1;
  World world = !alone        ? world_of(m)
                : at + 1 == n ? world_of(m, {at, 1})
                              : world_of(m, {at, 1, n - at - 1});
  world.kind += alone ? ", a block of its own" : "";
  world.right.push_back(as_rounded(m));
  plant_at_marks(world, m, random, 2);
  clear_crumbs(world, at);
  plant_spoiled(world, random, 2);
  if (m.kind == "zero parameters") {
    world.wrong.push_back(skipping_zeros(world));
  } else {
    const double size = random.decade(-4, 0);
    plant_value(world, at, world.right.front().values[at] + size, "effect where there is none");
  }
  return world;
}

}  // namespace families
