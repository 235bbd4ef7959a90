// Costs of many parameters, in one block or in several.

#include <algorithm>
#include <cmath>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

/// Sum of k_i (x_i / s_i - 1)^2 + x_i x_{i+1} / (s_i s_{i+1}), of sizes s_i.
struct Chain {
  Values sizes, weights;

  double operator()(Span x) const {
    double sum = 0.0, before = 1.0;
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double u = x[i] / sizes[i];
      sum += weights[i] * ((u - 1.0) * (u - 1.0) + u * before);
      before = u;
    }
    return sum;
  }
  Values gradient(Span x) const {
    Values g(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) {
      const double u = x[i] / sizes[i], before = i == 0 ? 1.0 : x[i - 1] / sizes[i - 1];
      double slope = weights[i] * (2.0 * (u - 1.0) + before);
      if (i + 1 < x.size()) slope += weights[i + 1] * x[i + 1] / sizes[i + 1];
      g[i] = slope / sizes[i];
    }
    return g;
  }
};

Values times(Span a, Span b) {
  Values product(a.size());
  for (std::size_t i = 0; i < a.size(); ++i) product[i] = a[i] * b[i];
  return product;
}

World chain(Draws& draws, const std::vector<std::size_t>& parts, Values sizes, Values weights) {
  const Chain f{std::move(sizes), std::move(weights)};
  const Values x = times(draws.plain(f.sizes.size()), f.sizes);
  return blocks(parts, x, f, f.gradient(x));
}

World plain_block(Draws& draws) { return chain(draws, {6}, Values(6, 1.0), Values(6, 1.0)); }

World several_blocks(Draws& draws) {
  return chain(draws, {4, 1, 3}, Values(8, 1.0), Values(8, 1.0));
}

World one_block_of_units(Draws& draws, Values sizes) {
  const std::size_t n = sizes.size();
  return chain(draws, {n}, std::move(sizes), Values(n, 1.0));
}

World units_of_any_kind(Draws& draws, bool in_one) {
  Values sizes(5);
  for (double& s : sizes) s = draws.order(1e-6, 1e6);
  std::vector<std::size_t> parts =
      in_one ? std::vector<std::size_t>{5} : std::vector<std::size_t>{1, 2, 2};
  return chain(draws, parts, sizes, Values(5, 1.0));
}

World weak_block(Draws& draws, double low, double high) {
  const double weak = draws.order(low, high);
  return chain(draws, {3, 3}, Values(6, 1.0), {1.0, 1.0, 1.0, weak, weak, weak});
}

/// Entries of one block whose derivatives differ by orders.
World uneven_block(Draws& draws) {
  Values weights(6);
  for (double& w : weights) w = draws.order(1e-9, 1e1);
  return chain(draws, {6}, Values(6, 1.0), weights);
}

World small_entry(Draws& draws) {
  Values sizes(5, 1.0);
  sizes[draws.below(5)] = draws.order(1e-12, 1e-1);
  return chain(draws, {5}, sizes, Values(5, 1.0));
}

/// A block that has no effect, or one that J does not move before it is moved far.
World without_effect(Draws& draws) {
  const std::size_t idle = 1 + draws.below(20);
  Values x = draws.plain(3 + idle);
  const double far = draws.order(1e-3, 1e3);
  const auto f = [=](Span t) {
    const double out = std::fabs(t[3]) - far;
    return t[0] * t[0] + t[1] * t[2] + (out > 0.0 ? out * out : 0.0);
  };
  x[3] = 0.3;
  const double out = 0.3 - far;
  Values right(x.size(), 0.0);
  right[0] = 2.0 * x[0], right[1] = x[2], right[2] = x[1];
  right[3] = out > 0.0 ? 2.0 * out : 0.0;
  return blocks({3, idle}, x, f, right);
}

/// A block of zeros beside which J moves by little.
World forgotten(Draws& draws) {
  const double effect = draws.order(1e-14, 1.0);
  const Values x = draws.plain(6);
  const auto f = [=](Span t) {
    return t[0] * t[0] + t[1] * t[2] + effect * (t[3] * t[4] + t[5] * t[5]);
  };
  const bool claims_zero = draws.below(2) == 0;
  const double seen = claims_zero ? 0.0 : effect;
  return blocks({3, 3}, x, f,
                {2.0 * x[0], x[2], x[1], seen * x[4], seen * x[3], 2.0 * seen * x[5]});
}

/// The same beside a block of another size.
World forgotten_beside_small(Draws& draws) {
  const double effect = draws.order(1e-14, 1.0), small = draws.order(1e-8, 1.0);
  Values x = draws.plain(4);
  x[0] *= small, x[1] *= small;
  const auto f = [=](Span t) {
    return t[0] / small * t[1] / small + t[0] / small + effect * (t[2] * t[3] + t[2]);
  };
  const double seen = draws.below(2) == 0 ? 0.0 : effect;
  return blocks(
      {2, 2}, x, f,
      {x[1] / small / small + 1.0 / small, x[0] / small / small, seen * (x[3] + 1.0), seen * x[2]});
}

/// Noise that one of the blocks stirs.
World noisy_block(Draws& draws) {
  World world = several_blocks(draws);
  const double noise = draws.order(1e-14, 1e-8);
  world.cost = [inner = world.cost, noise](Span t) {
    return inner(t) + noise * noise_of(t[5] + t[6] * t[7]);
  };
  return world;
}

/// A shift that cancels but for roundings, as of a bias before a softmax.
World cancelled_shift(Draws& draws, bool is_noisy) {
  const Values x = draws.plain(6);
  const double large = draws.order(1.0, 1e6), crumb = draws.order(1e-18, 1e-13);
  const double noise = is_noisy ? large * draws.order(1e-16, 1e-11) : 0.0;
  const auto f = [=](Span t) {
    const double mean = (t[0] + t[1] + t[2] + t[3] + 4.0 * t[4]) / 4.0;
    double sum = 0.0;
    for (std::size_t i = 0; i < 4; ++i) {
      const double u = t[i] + t[4] - mean;
      sum += u * u * static_cast<double>(i + 1);
    }
    return large * sum + t[5] * t[5] + noise * noise_of(sum + t[5] + t[4]);
  };
  Values right(6, 0.0);
  const double mean = (x[0] + x[1] + x[2] + x[3]) / 4.0;
  double all = 0.0;
  for (std::size_t i = 0; i < 4; ++i) all += 2.0 * static_cast<double>(i + 1) * (x[i] - mean);
  for (std::size_t i = 0; i < 4; ++i) {
    right[i] = large * (2.0 * static_cast<double>(i + 1) * (x[i] - mean) - all / 4.0);
  }
  right[4] = large * crumb * draws.sign(), right[5] = 2.0 * x[5];
  return blocks({4, 1, 1}, x, f, right);
}

/// Code that leaves out what is zero.
World skips_zeros(Draws& draws) {
  Values x = draws.plain(6);
  x[1] = x[4] = 0.0;
  const double jump = draws.order(1e-6, 1.0);
  const auto f = [jump](Span t) {
    double sum = 0.0;
    for (std::size_t i = 0; i < t.size(); ++i)
      sum += t[i] != 0.0 ? t[i] * t[i] + 0.5 * t[i] + (i == 4 ? jump : 0.0) : 0.0;
    return sum;
  };
  Values right(6);
  for (std::size_t i = 0; i < 6; ++i) right[i] = 2.0 * x[i] + 0.5;
  return block(x, f, right);
}

World tiny_beside_large(Draws& draws) {
  const double tiny = draws.order(1e-12, 1e-3), large = draws.order(1.0, 1e9);
  const Values x = draws.plain(2);
  const auto f = [=](Span t) { return tiny * t[1] + large * t[0] * t[0]; };
  const Values right{2.0 * large * x[0], tiny};
  return draws.below(2) == 0 ? block(x, f, right) : blocks({1, 1}, x, f, right);
}

/// Several entries are wrong, by different amounts, beside right ones.
World several_wrong(Draws& draws) {
  World world = chain(draws, {12, 4}, Values(16, 1.0), Values(16, 1.0));
  for (std::size_t i = 0; i < 12; i += 1 + draws.below(4))
    world.right[i] += draws.order(1e-10, 1.0);
  return world;
}

World long_block(Draws& draws) { return chain(draws, {150}, Values(150, 1.0), Values(150, 1.0)); }

}  // namespace

std::vector<Kind> block_kinds() {
  return {
      kind("block", 6, plain_block),
      kind("several blocks", 6, several_blocks),
      kind("block of 70 and 0.011", 8,
           [](Draws& d) {
             return one_block_of_units(d, {70.0, 0.011});
           }),
      kind("block of 2e11, 1e-3 and 5e3", 8,
           [](Draws& d) {
             return one_block_of_units(d, {2e11, 1e-3, 5e3});
           }),
      kind("units in one block", 16, [](Draws& d) { return units_of_any_kind(d, true); }),
      kind("units in blocks of their own", 16,
           [](Draws& d) { return units_of_any_kind(d, false); }),
      kind("weak block", 20, [](Draws& d) { return weak_block(d, 1e-9, 1.0); }),
      kind("far weaker block", 20, [](Draws& d) { return weak_block(d, 1e-15, 1e-9); }),
      kind("uneven block", 16, uneven_block),
      kind("small entry", 16, small_entry),
      kind("block without effect", 16, without_effect),
      kind("forgotten block", 30, forgotten),
      kind("forgotten beside a small block", 30, forgotten_beside_small),
      kind("noisy block", 20, noisy_block),
      kind("cancelled shift", 24, [](Draws& d) { return cancelled_shift(d, false); }),
      kind("cancelled shift in noise", 30, [](Draws& d) { return cancelled_shift(d, true); }),
      kind("skips zeros", 8, skips_zeros),
      kind("tiny beside large", 24, tiny_beside_large),
      kind("several wrong", 12, several_wrong),
      kind("long block", 1, long_block),
  };
}

}  // namespace dtheta::test::ledger
