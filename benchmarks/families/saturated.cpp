// Attention, tanh and sigmoid near their limits, masks in log space: derivatives from 1e-3 down to
// 1e-300, beside others that are not small.
#include <array>
#include <limits>

#include "benchmarks/families/model.hpp"

namespace families {
namespace {

/// One head over a few tokens whose scores are far apart.
Model attention(Random& random, bool masked) {
  constexpr std::size_t tokens = 4;
  const double sharp = random.decade(0.5, 2.5);
  const double mask = random.chance(0.5) ? -1e30 : -std::numeric_limits<double>::infinity();
  const auto values = random.normals(tokens), offsets = random.normals(tokens);
  // Scores, then a value for each token.
  auto theta = offsets;
  theta.insert(theta.end(), values.begin(), values.end());
  const double seen = random.normal();
  return model(masked ? "masked attention" : "sharp attention", theta, 3, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    std::array<T, tokens> score;
    T most = 0.0, total = 0.0, mixed = 0.0;
    for (std::size_t j = 0; j < tokens; ++j) {
      score[j] = mark(0, sharp * p[j]);
      if (masked && j + 1 == tokens) score[j] = mask;
      if (j == 0 || score[j] > most) most = score[j];
    }
    for (std::size_t j = 0; j < tokens; ++j) total += exp(score[j] - most);
    for (std::size_t j = 0; j < tokens; ++j) {
      mixed += mark(1, exp(score[j] - most) / total) * p[tokens + j];
    }
    return mark(2, square(mixed - seen));
  });
}

/// As some write it, so that its derivative cancels near the limits.
template <class T>
T tanh_of_exponentials(T x) {
  const T e = exp(2.0 * x);
  return (e - 1.0) / (e + 1.0);
}

/// Units far up their limits, some of them, with weights behind.
Model units(Random& random, bool sigmoids) {
  const std::size_t n = 2 + random.below(3);
  const double far = random.decade(0.5, 2.8);
  std::vector<double> theta(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    theta[i] =
        random.chance(0.5) ? random.sign() * far * random.uniform(0.5, 1.0) : random.normal();
    theta[n + i] = random.normal();
  }
  const double penalty = random.chance(0.3) ? random.decade(-6, -2) : 0.0;
  const bool cancels = far < 300.0 && random.chance(0.5);
  return model(sigmoids ? "saturated sigmoids" : "saturated tanh", theta, 2,
               [=](auto p, auto mark) {
                 using T = Scalar<decltype(p)>;
                 T out = 0.0, size = 0.0;
                 for (std::size_t i = 0; i < n; ++i) {
                   const T unit = sigmoids  ? sigmoid(p[i])
                                  : cancels ? tanh_of_exponentials<T>(p[i])
                                            : tanh(p[i]);
                   out += mark(0, unit) * mark(1, p[n + i]);
                   size += square(p[i]);
                 }
                 return square(out - 0.75) + penalty * size;
               });
}

/// log-sum-exp in which one part rules; a cross-entropy that is almost certain.
Model certain(Random& random) {
  const std::size_t n = 3 + random.below(3);
  auto theta = random.normals(n);
  theta[0] += random.decade(0.5, 2.5) * random.sign();
  return model("certain cross-entropy", theta, 2, [=](auto p, auto mark) {
    using T = Scalar<decltype(p)>;
    T most = p[0], total = 0.0;
    for (const T& v : p) most = v > most ? v : most;
    for (const T& v : p) total += exp(v - most);
    return mark(0, log(total) + most) - mark(1, p[0]);
  });
}

/// Likelihoods far out in their tails, as logarithms.
Model tails(Random& random) {
  const std::vector<double> theta = {random.normal() + random.sign() * random.decade(0, 1.3),
                                     random.uniform(0.5, 2.0)};
  return model("tails", theta, 2, [=](auto p, auto mark) {
    const auto z = mark(0, p[0]) / p[1];
    return exp(-0.5 * square(z)) / mark(1, p[1]) + 0.25 * square(p[1]);
  });
}

}  // namespace

World draw_saturated(Random& random) {
  const std::size_t kind = random.below(6);
  const Model m = kind == 0   ? attention(random, false)
                  : kind == 1 ? attention(random, true)
                  : kind == 2 ? units(random, false)
                  : kind == 3 ? units(random, true)
                  : kind == 4 ? certain(random)
                              : tails(random);
  const std::size_t n = m.theta.size();
  const bool apart = kind < 4 && random.chance(0.5);
  World world = apart ? world_of(m, {n / 2, n - n / 2}) : world_of(m);
  world.right.push_back(as_rounded(m));
  plant_spoiled(world, random, 2);
  plant_at_marks(world, m, random, 2);
  // Something where there is next to nothing.
  const std::size_t i = random.below(n);
  const double size = random.decade(-6, 0);
  plant_value(world, i, world.right.front().values[i] + random.sign() * size, "something added");
  return world;
}

}  // namespace families
