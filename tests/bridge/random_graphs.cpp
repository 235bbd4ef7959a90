#include "tests/bridge/random_graphs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>

#include "autodiff/elementwise.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::gradcheck::test {
namespace {

/// tanh, with a rule that may be wrong.
template <Planted bug>
struct PlantedTanh : Unary<PlantedTanh<bug>> {
  static constexpr OpInfo info{.name = RandomGraph::planted_op};
  static constexpr Domain domain{-1, 1};
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var slope(Var, Var y) {
    const Var right = 1 - square(y);
    if constexpr (bug == Planted::factor) return 1.01 * right;
    if constexpr (bug == Planted::sign) return -right;
    if constexpr (bug == Planted::zero) return 0.0 * right;
    return right;
  }
};

Var planted_tanh(Var x, Planted bug) {
  switch (bug) {
    case Planted::none:
      return apply<PlantedTanh<Planted::none>>(x);
    case Planted::factor:
      return apply<PlantedTanh<Planted::factor>>(x);
    case Planted::sign:
      return apply<PlantedTanh<Planted::sign>>(x);
    case Planted::zero:
      break;
  }
  return apply<PlantedTanh<Planted::zero>>(x);
}

class Builder {
 public:
  Builder(RandomGraph& graph, std::uint64_t seed, Planted bug)
      : graph_(graph), tape_(*graph.tape), random_(seed), bug_(bug) {}

  void build() {
    constexpr std::array scales{1.0, 1.0, 1.0, 1.0, 1e-8, 1e-4, 1e4, 1e8};
    scale_ = scales[below(scales.size())];
    graph_.scale = fmt::format("{:.0e}", scale_);
    using Family = Var (Builder::*)();
    struct Named {
      const char* name;
      Family family;
    };
    constexpr std::array<Named, 7> families{{{"elementwise", &Builder::elementwise},
                                             {"attention", &Builder::attention},
                                             {"normalised", &Builder::normalised},
                                             {"softmax", &Builder::softmaxes},
                                             {"dead units", &Builder::dead_units},
                                             {"classifier", &Builder::classifier},
                                             {"recurrent", &Builder::recurrent}}};
    const Named& chosen = families[below(families.size())];
    graph_.family = chosen.name;
    graph_.cost = (this->*chosen.family)();
    if (below(3) == 0) differentiate();
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  double uniform(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1p-53;
  }

  Tensor drawn(const Shape& shape, double size) {
    Tensor t(shape);
    for (double& v : t.data<double>()) v = size * uniform(-1, 1);
    return t;
  }
  Var leaf(const Shape& shape, double size) {
    const std::string name = fmt::format("p{}", graph_.leaves.size());
    const Var x = tape_.leaf(drawn(shape, size), name);
    graph_.leaves.push_back({name, graph_.leaves.size(), x});
    return x;
  }
  Var constant(const Shape& shape, double size = 1.0) { return tape_.constant(drawn(shape, size)); }

  /// Brings a value of the graph's scale to size one, or leaves it.
  Var unscaled(Var x) { return x * (1.0 / scale_); }

  Var activation(Var x) {
    switch (below(7)) {
      case 0:
        return tanh(x);
      case 1:
        return sigmoid(x);
      case 2:
        return relu(x);
      case 3:
        return gelu(x);
      case 4:
        return softplus(x);
      case 5:
        return sin(x);
      default:
        return leaky_relu(x, 0.1);
    }
  }

  /// A cost of an array.
  Var ending(Var y) {
    switch (below(5)) {
      case 0:
        return sum(y);
      case 1:
        return mean(square(y));
      case 2:
        return logsumexp(y);
      case 3:
        return sum(y * constant(y.shape()));
      default:
        return norm(y + 2.0, 2);
    }
  }

  Var elementwise() {
    const Shape shape{static_cast<Index>(1 + below(3)), static_cast<Index>(1 + below(4))};
    std::vector<Var> values{leaf(shape, scale_), leaf(shape, 1.0)};
    values.push_back(unscaled(values[0]));
    const std::size_t steps = 2 + below(6), marked = below(steps);
    for (std::size_t k = 0; k < steps; ++k) {
      // The first step uses a leaf of each kind.
      const Var a = values[below(values.size() - 1) + 1], b = values[below(values.size())];
      values.push_back(k == marked ? planted_tanh(a, bug_) : pair_or_single(a, b));
    }
    Var y = values.back();
    for (std::size_t k = 3; k + 1 < values.size(); ++k) y = y + values[k] * uniform(-1, 1);
    return ending(y);
  }

  Var pair_or_single(Var a, Var b) {
    switch (below(10)) {
      case 0:
        return a + b;
      case 1:
        return a * b;
      case 2:
        return a / (2.0 + square(b));
      case 3:
        return where(less(a, b), a, 0.5 * b);
      case 4:
        return log(1.0 + square(a));
      case 5:
        return sqrt(1.0 + square(a));
      case 6:
        return 0.1 * exp(sin(a));
      case 7:
        return a - b;
      default:
        return activation(a);
    }
  }

  Var attention() {
    const Index n = 2 + static_cast<Index>(below(3)), d = 2 + static_cast<Index>(below(2));
    constexpr std::array sharpness{1.0, 3.0, 10.0, 30.0, 100.0, 1000.0};
    const double sharp = sharpness[below(sharpness.size())];
    const Var x = constant({n, d});
    const Var q = matmul(x, unscaled(leaf({d, d}, scale_))) * sharp,
              k = matmul(x, leaf({d, d}, 1.0)), v = matmul(x, leaf({d, d}, 1.0));
    Var scores = matmul(q, transpose(k));
    const std::size_t mask = below(3);
    if (mask > 0) {
      const double low = mask == 1 ? -std::numeric_limits<double>::infinity() : -1e30;
      Tensor m(Shape{n, n});
      for (Index i = 0; i < n; ++i) {
        for (Index j = i + 1; j < n; ++j)
          m.data<double>()[static_cast<std::size_t>(i * n + j)] = low;
      }
      scores = scores + tape_.constant(m);
    }
    const Var out = matmul(softmax(scores), v);
    return ending(planted_tanh(out, bug_));
  }

  /// A bias in front of a normalisation has no effect.
  Var normalised() {
    const Index m = 4 + static_cast<Index>(below(4)), d = 2 + static_cast<Index>(below(2)), h = 3;
    const Var x = constant({m, d});
    Var z = matmul(x, unscaled(leaf({d, h}, scale_))) + leaf({h}, 1.0);
    z = below(2) == 0 ? batch_norm(z, leaf({h}, 1.0), leaf({h}, 1.0)) : layer_norm(z);
    const Var a = planted_tanh(activation(z), bug_);
    return ending(matmul(a, leaf({h, 2}, 1.0)) + leaf({2}, 1.0));
  }

  /// Sums of softmax outputs are constants; a shift in front of one has no effect.
  Var softmaxes() {
    const Shape shape{2, static_cast<Index>(2 + below(4))};
    const Var x = leaf(shape, scale_), shift = leaf({2, 1}, 1.0);
    const Var logits = (below(2) == 0 ? unscaled(x) : x) + shift;
    switch (below(4)) {
      case 0:
        return sum(softmax(logits)) + 0.0 * sum(planted_tanh(shift, bug_));
      case 1:
        return sum(softmax(logits) * planted_tanh(constant(shape) * leaf(shape, 1.0), bug_));
      case 2:
        return ending(planted_tanh(log_softmax(logits), bug_));
      default:
        return sum(logsumexp(logits, 1)) + ending(planted_tanh(softmax(logits), bug_));
    }
  }

  Var dead_units() {
    const Index d = 3, h = 4;
    const Var x = constant({5, d});
    const Var z = matmul(x, unscaled(leaf({d, h}, scale_))) + leaf({h}, 0.5);
    const Var dead = relu(z - 20.0) + 0.0 * leaf({h}, 1.0);
    const Var a = planted_tanh(activation(z), bug_) + dead;
    return ending(matmul(a, leaf({h, 2}, 1.0)));
  }

  Var classifier() {
    const Index m = 4, d = 3, h = 4, classes = 3;
    const Var x = constant({m, d});
    const Var a = planted_tanh(matmul(x, unscaled(leaf({d, h}, scale_))) + leaf({h}, 0.5), bug_);
    const Var logits =
        matmul(a, leaf({h, classes}, 1.0)) + leaf({classes}, 1.0) + leaf({m, 1}, 1.0);
    const Var labels = tape_.constant(Tensor(Shape{m}, std::initializer_list<Index>{0, 2, 1, 2}));
    return mean(cross_entropy_with_logits(logits, labels));
  }

  Var recurrent() {
    const Index d = 2, h = 3;
    const Var u = leaf({h, h}, 1.0), w = unscaled(leaf({d, h}, scale_));
    Var state = constant({2, h});
    const std::size_t steps = 3 + below(4);
    for (std::size_t t = 0; t < steps; ++t) {
      const Var z = matmul(state, u) + matmul(constant({2, d}), w);
      state = t + 1 == steps ? planted_tanh(z, bug_) : sigmoid(z);
    }
    return ending(state);
  }

  /// The cost becomes a function of its own gradient.
  void differentiate() {
    std::vector<Var> xs;
    for (const CheckedLeaf& l : graph_.leaves) xs.push_back(l.leaf);
    const std::vector<Var> g = grad(graph_.cost, xs);
    const std::size_t k = below(g.size());
    const Var along = sum(g[k] * constant(g[k].shape()));
    graph_.cost = below(2) == 0 ? along : sum(square(g[k])) + 0.1 * graph_.cost;
    graph_.family += ", second order";
  }

  RandomGraph& graph_;
  Tape& tape_;
  std::mt19937_64 random_;
  Planted bug_;
  double scale_ = 1.0;
};

}  // namespace

RandomGraph random_graph(std::uint64_t seed, Planted planted) {
  RandomGraph graph{std::make_unique<Tape>(), {}, {}, {}, {}};
  Builder(graph, seed, planted).build();
  return graph;
}

}  // namespace dtheta::gradcheck::test
