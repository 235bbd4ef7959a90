// Small networks, with their gradients as functions; and the checker's options.

#include <algorithm>
#include <cmath>

#include "ledger_worlds.hpp"

namespace dtheta::test::ledger {
namespace {

/// Inputs, one hidden layer, one output, the mean of squares. Blocks: W1, b1, W2, b2.
struct Network {
  std::size_t inputs = 3, hidden = 5;
  bool relu = false;
  Values data, targets;

  std::size_t size() const { return hidden * inputs + 2 * hidden + 1; }
  std::vector<std::size_t> parts() const { return {hidden * inputs, hidden, hidden, 1}; }

  double active(double z) const { return relu ? std::max(0.0, z) : z / (1.0 + std::fabs(z)); }
  double slope(double z) const {
    if (relu) return z > 0.0 ? 1.0 : 0.0;
    const double q = 1.0 + std::fabs(z);
    return 1.0 / (q * q);
  }

  double operator()(Span t) const {
    Values none;
    return run(t, none);
  }
  Values gradient(Span t) const {
    Values g(t.size(), 0.0);
    run(t, g);
    return g;
  }

 private:
  double run(Span t, Values& g) const {
    const std::size_t b1 = hidden * inputs, w2 = b1 + hidden, b2 = w2 + hidden;
    const auto count = static_cast<double>(targets.size());
    double sum = 0.0;
    Values z(hidden);
    for (std::size_t e = 0; e < targets.size(); ++e) {
      double out = t[b2];
      for (std::size_t h = 0; h < hidden; ++h) {
        z[h] = t[b1 + h];
        for (std::size_t i = 0; i < inputs; ++i) z[h] += t[h * inputs + i] * data[e * inputs + i];
        out += t[w2 + h] * active(z[h]);
      }
      const double error = out - targets[e];
      sum += error * error / count;
      if (g.empty()) continue;
      const double d = 2.0 * error / count;
      g[b2] += d;
      for (std::size_t h = 0; h < hidden; ++h) {
        g[w2 + h] += d * active(z[h]);
        const double dz = d * t[w2 + h] * slope(z[h]);
        g[b1 + h] += dz;
        for (std::size_t i = 0; i < inputs; ++i) g[h * inputs + i] += dz * data[e * inputs + i];
      }
    }
    return sum;
  }
};

enum class At { random, zero_biases, zero_inputs };

World network(Draws& draws, bool relu, At at, bool as_function) {
  Network net;
  net.relu = relu;
  const std::size_t examples = 6;
  net.data = draws.plain(examples * net.inputs);
  net.targets = draws.plain(examples);
  Values t = draws.plain(net.size());
  if (at != At::random) {
    for (std::size_t h = 0; h < net.hidden; ++h) t[net.hidden * net.inputs + h] = 0.0;
  }
  if (at == At::zero_inputs) {
    for (std::size_t i = 0; i < net.inputs; ++i) net.data[i] = 0.0;
  }
  World world = blocks(net.parts(), t, net, net.gradient(t));
  if (as_function) world.gradient = [net](Span theta) { return net.gradient(theta); };
  return world;
}

/// The gradient, or the cost and the gradient, in float.
World network_in_float(Draws& draws, bool cost) {
  World world = network(draws, false, At::random, false);
  for (double& g : world.right) g = static_cast<double>(static_cast<float>(g));
  world.options.gradient_roundoff = 0x1p-24;
  if (!cost) return world;
  world.cost = [inner = world.cost](Span t) {
    return static_cast<double>(static_cast<float>(inner(t)));
  };
  return world;
}

/// A gradient with habits: it has noise, or another value the second time.
World restless(Draws& draws, double low, double high) {
  World world = network(draws, false, At::random, true);
  const double noise = draws.order(low, high);
  world.gradient = [inner = world.gradient, noise, call = 0](Span t) mutable {
    Values g = inner(t);
    for (double& v : g) v *= 1.0 + noise * noise_of(v + ++call);
    return g;
  };
  return world;
}

/// J with another value each time it is asked.
World restless_cost(Draws& draws) {
  World world = network(draws, false, At::random, false);
  const double noise = draws.order(1e-16, 1e-9);
  world.cost = [inner = world.cost, noise, call = 0](Span t) mutable {
    return inner(t) * (1.0 + noise * noise_of(++call));
  };
  return world;
}

World with_option(World world, const std::function<void(dtheta::gradcheck::Options&)>& set) {
  set(world.options);
  return world;
}

World with_rounding(Draws& draws) {
  World world = network(draws, false, At::random, false);
  const double rounding = draws.order(1e-16, 1e-4), noise = draws.order(1e-15, 1e-7);
  world.options.cost_rounding = [rounding] { return rounding; };
  const std::size_t size = world.right.size();
  world.options.gradient_rounding = [rounding, size] { return Values(size, rounding); };
  world.cost = [inner = world.cost, noise](Span t) {
    return inner(t) + noise * noise_of(inner(t));
  };
  return world;
}

}  // namespace

std::vector<Kind> network_kinds() {
  return {
      kind("network", 3, [](Draws& d) { return network(d, false, At::random, false); }),
      kind("network, gradient as function", 3,
           [](Draws& d) { return network(d, false, At::random, true); }),
      kind("relu network", 4, [](Draws& d) { return network(d, true, At::random, false); }),
      kind("relu network, biases zero", 3,
           [](Draws& d) { return network(d, true, At::zero_biases, false); }),
      kind("relu network on corners", 4,
           [](Draws& d) { return network(d, true, At::zero_inputs, true); }),
      kind("gradient in float", 4, [](Draws& d) { return network_in_float(d, false); }),
      kind("network in float", 3, [](Draws& d) { return network_in_float(d, true); }),
      kind("restless gradient", 12, [](Draws& d) { return restless(d, 1e-17, 1e-5); }),
      kind("restless cost", 12, restless_cost),
      kind("roundings that are known", 4, with_rounding),
  };
}

std::vector<Kind> option_kinds() {
  using Options = dtheta::gradcheck::Options;
  const auto smooth = [](Draws& d) { return network(d, false, At::random, false); };
  const auto set = [smooth](std::function<void(Options&)> change) {
    return [=](Draws& d) { return with_option(smooth(d), change); };
  };
  return {
      kind("textbook", 3, set([](Options& o) { o.method = dtheta::gradcheck::Method::textbook; })),
      kind("held to 1e-4", 2, set([](Options& o) { o.tolerance = 1e-4; })),
      kind("held to 1e-11", 2, set([](Options& o) { o.tolerance = 1e-11; })),
      kind("one layer", 2, set([](Options& o) { o.layers = {1}; })),
      kind("known corners", 2,
           [](Draws& d) {
             return with_option(network(d, true, At::zero_inputs, true),
                                [](Options& o) { o.known_corners = {"block1"}; });
           }),
      kind("budget", 3,
           set([](Options& o) { o.budget = dtheta::gradcheck::Budget{.evaluations = 200}; })),
  };
}

}  // namespace dtheta::test::ledger
