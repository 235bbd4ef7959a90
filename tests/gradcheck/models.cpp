#include "tests/gradcheck/models.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <memory>
#include <random>

#include "tests/gradcheck/scalar_tape.hpp"

namespace gradcheck_test {
namespace {

namespace gc = dtheta::gradcheck;

template <class T>
struct Number {
  static T of(double v) { return static_cast<T>(v); }
};
template <class T>
struct Number<Traced<T>> {
  static Traced<T> of(double v) { return static_cast<T>(v); }
};

/// A constant rounded to the arithmetic of T.
template <class T>
T number(double v) {
  return Number<T>::of(v);
}

template <class T>
T relu(const T& z) {
  return z > number<T>(0) ? z : number<T>(0);
}

template <class T>
using Values = std::vector<T>;

/// −log of the softmax's probability of the label.
template <class T>
T cross_entropy(const Values<T>& z, std::size_t label) {
  using std::exp;
  using std::log;
  T top = z[0];
  for (const T& v : z) top = top < v ? v : top;
  T sum = number<T>(0);
  for (const T& v : z) sum += exp(v - top);
  return top + log(sum) - z[label];
}

/// Multi-class hinge: Σ max(0, 1 + z_j − z_label).
template <class T>
T hinge(const Values<T>& z, std::size_t label) {
  T sum = number<T>(0);
  for (std::size_t j = 0; j < z.size(); ++j) {
    if (j != label) sum += relu(number<T>(1) + z[j] - z[label]);
  }
  return sum;
}

struct Data {
  ModelSpec spec;
  std::vector<gc::Block> blocks;
  std::vector<std::vector<double>> inputs;
  std::vector<std::size_t> labels;

  template <class T>
  Values<T> dense(std::span<const T> t, std::size_t layer, const Values<T>& a) const {
    const gc::Block& w = blocks[2 * layer];
    const gc::Block& b = blocks[2 * layer + 1];
    Values<T> z;
    for (std::size_t i = 0; i < b.size; ++i) {
      T sum = t[b.offset + i];
      for (std::size_t j = 0; j < a.size(); ++j) {
        sum += t[w.offset + i * a.size() + j] * a[j];
      }
      z.push_back(sum);
    }
    return z;
  }

  template <class T>
  Values<T> activated(Values<T> z, std::size_t layer) const {
    using std::tanh;
    const bool smooth = spec.kind == Kind::tanh || spec.kind == Kind::recurrent;
    const T hand_on = number<T>(layer == 0 ? spec.first_layer : 1.0);
    for (T& v : z) v = (smooth ? tanh(v) : relu(v)) * hand_on;
    return z;
  }

  template <class T>
  Values<T> pooled(const Values<T>& a) const {
    Values<T> out;
    for (std::size_t i = 0; i + 1 < a.size(); i += 2)
      out.push_back(a[i] < a[i + 1] ? a[i + 1] : a[i]);
    return out;
  }

  /// One filter bank of width 3 slid over the input, max-pooled in pairs, then dense.
  template <class T>
  Values<T> convolved(std::span<const T> t, const Values<T>& x) const {
    const gc::Block& w = blocks[0];
    const gc::Block& b = blocks[1];
    Values<T> out;
    for (std::size_t f = 0; f < b.size; ++f) {
      Values<T> channel;
      for (std::size_t p = 0; p + 3 <= x.size(); ++p) {
        T sum = t[b.offset + f];
        for (std::size_t k = 0; k < 3; ++k) sum += t[w.offset + 3 * f + k] * x[p + k];
        channel.push_back(sum);
      }
      for (const T& v : pooled(activated(channel, 0))) out.push_back(v);
    }
    return out;
  }

  /// Elman: h = tanh(W x_t + b + U h); the blocks are W, b, U, c, V, d with U, c of layer 2.
  template <class T>
  Values<T> recurrent(std::span<const T> t, const Values<T>& x) const {
    Values<T> h(spec.widths[1], number<T>(0));
    for (std::size_t step = 0; step + spec.widths[0] <= x.size(); step += spec.widths[0]) {
      const auto first = x.begin() + static_cast<std::ptrdiff_t>(step);
      Values<T> now(first, first + static_cast<std::ptrdiff_t>(spec.widths[0]));
      Values<T> z = dense(t, 0, now);
      const Values<T> back = dense(t, 1, h);
      for (std::size_t i = 0; i < z.size(); ++i) z[i] += back[i];
      h = activated(std::move(z), 0);
    }
    return dense(t, 2, h);
  }

  template <class T>
  T loss(std::span<const T> t, std::size_t example) const {
    Values<T> a;
    for (const double v : inputs[example]) a.push_back(number<T>(static_cast<float>(v)));
    if (spec.kind == Kind::recurrent) return cross_entropy(recurrent(t, a), labels[example]);
    if (spec.kind == Kind::convolution) {
      return cross_entropy(dense(t, 1, convolved(t, a)), labels[example]);
    }
    const std::size_t layers = blocks.size() / 2;
    for (std::size_t l = 0; l < layers; ++l) {
      a = dense(t, l, a);
      if (l + 1 == layers) break;
      a = activated(std::move(a), l);
      if (spec.kind == Kind::maxpool) a = pooled(a);
    }
    return spec.kind == Kind::hinge ? hinge(a, labels[example]) : cross_entropy(a, labels[example]);
  }

  template <class T>
  T penalty(std::span<const T> t) const {
    using std::abs;
    T sum = number<T>(0);
    if (spec.l1 == 0.0 && spec.l2 == 0.0) return sum;
    for (const gc::Block& b : blocks) {
      if (b.shape.back() == 1) continue;  // a bias
      for (std::size_t i = b.offset; i < b.offset + b.size; ++i) {
        sum += number<T>(0.5 * spec.l2) * t[i] * t[i];
        if (spec.l1 > 0.0) sum += number<T>(spec.l1) * abs(t[i]);
      }
    }
    return sum;
  }

  template <class T>
  T cost(std::span<const T> t) const {
    T sum = number<T>(0);
    for (std::size_t e = 0; e < inputs.size(); ++e) sum += loss(t, e);
    return sum / number<T>(static_cast<double>(inputs.size())) + penalty(t);
  }
};

struct Layer {
  std::size_t out = 0;
  std::size_t in = 0;
};

std::vector<Layer> layers_of(const ModelSpec& spec) {
  const auto& w = spec.widths;
  if (spec.kind == Kind::recurrent) return {{w[1], w[0]}, {w[1], w[1]}, {w.back(), w[1]}};
  // Two filters over three times the width, pooled in pairs.
  if (spec.kind == Kind::convolution) return {{2, 3}, {w.back(), 2 * ((3 * w[0] - 2) / 2)}};
  std::vector<Layer> layers;
  for (std::size_t l = 0; l + 1 < w.size(); ++l) {
    const bool after_pool = spec.kind == Kind::maxpool && l > 0;
    layers.push_back({w[l + 1], after_pool ? w[l] / 2 : w[l]});
  }
  return layers;
}

/// Fills in everything that follows from a templated cost.
template <class F>
void derive(Model& model, F cost) {
  model.cost = [cost](std::span<const double> t) { return cost(t); };
  model.gradient = [cost](std::span<const double> t, std::span<double> g) {
    std::ranges::copy(traced_gradient<double>(cost, t), g.begin());
  };
  model.right = traced_gradient<double>(cost, model.theta.values());
  model.right_float = traced_gradient<float>(cost, model.theta.values());
}

}  // namespace

const char* to_string(Kind kind) {
  constexpr std::array<const char*, 6> names{"tanh",  "relu",        "maxpool",
                                             "hinge", "convolution", "recurrent"};
  return names[static_cast<std::size_t>(kind)];
}

Model make_model(const ModelSpec& spec) {
  auto data = std::make_shared<Data>();
  data->spec = spec;
  Model model;
  model.name = to_string(spec.kind);
  model.spec = spec;
  std::mt19937_64 bits(spec.seed);
  std::normal_distribution<double> normal;
  const bool wide = spec.kind == Kind::recurrent || spec.kind == Kind::convolution;
  for (std::size_t e = 0; e < spec.examples; ++e) {
    std::vector<double> x(spec.widths[0] * (wide ? 3 : 1));
    for (double& v : x) v = spec.input_scale * normal(bits);
    data->inputs.push_back(std::move(x));
    data->labels.push_back(bits() % spec.widths.back());
  }
  const auto layers = layers_of(spec);
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const std::string number = std::to_string(l + 1);
    std::vector<double> w(layers[l].out * layers[l].in);
    std::vector<double> b(layers[l].out);
    const double spread = spec.scale / std::sqrt(static_cast<double>(layers[l].in));
    // Representable in float, so that the float program differentiates at the same point.
    for (double& v : w) v = static_cast<float>(spread * normal(bits));
    for (double& v : b)
      v = spec.zero_bias ? 0.0 : static_cast<float>(0.1 * spec.scale * normal(bits));
    model.theta.add("W" + number, l + 1, {layers[l].out, layers[l].in}, w);
    model.theta.add("b" + number, l + 1, {layers[l].out, 1}, b);
  }
  data->blocks = model.theta.blocks();
  derive(model, [data](auto t) { return data->cost(t); });
  model.first_input = [data](std::span<const double> t) {
    const std::size_t width = data->blocks[0].shape.back();
    std::vector<double> x;
    for (std::size_t j = 0; j < width; ++j) x.push_back(static_cast<float>(data->inputs[0][j]));
    return data->dense(t, 0, x)[0];
  };
  for (std::size_t e = 0; e < spec.examples; ++e) {
    const double m = static_cast<double>(spec.examples);
    model.per_example.push_back(traced_gradient<double>(
        [&](auto t) {
          auto one = data->loss(t, e);
          return one / decltype(one)(m);
        },
        model.theta.values()));
  }
  return model;
}

bool approach_corner(Model& model, double distance) {
  double& bias = model.theta.values(model.theta.blocks()[1].name)[0];
  const double z = model.first_input(model.theta.values());
  if (z == 0.0 || bias - z * (1.0 - distance) == bias) return false;
  bias -= z * (1.0 - distance);
  model.gradient(model.theta.values(), model.right);
  return true;
}

namespace {

/// Each takes a span of six numbers.
template <class T>
T op_value(std::size_t which, std::span<const T> t) {
  using std::abs;
  using std::cos;
  using std::exp;
  using std::log;
  using std::sin;
  using std::sqrt;
  using std::tanh;
  T sum = number<T>(1);
  for (std::size_t i = 0; i < t.size(); ++i) {
    const T& x = t[i];
    const T next = t[(i + 1) % t.size()];
    const T weight = number<T>(0.3 + 0.2 * static_cast<double>(i));
    switch (which) {
      case 0:
        sum += weight * x * x * next;
        break;
      case 1:
        sum += weight * exp(x);
        break;
      case 2:
        sum += weight * log(number<T>(1) + x * x);
        break;
      case 3:
        sum += weight * tanh(x + next);
        break;
      case 4:
        sum += weight * sin(x) * cos(next);
        break;
      case 5:
        sum += weight * sqrt(number<T>(2) + x * next * x * next);
        break;
      case 6:
        sum += weight * x / (number<T>(2) + next * next);
        break;
      case 7:
        sum += weight * number<T>(1) / (number<T>(1) + exp(-x)) * next;
        break;
      case 8:
        sum += weight * abs(x) * next;
        break;
      default:
        sum += weight * relu(x) + x * x;
        break;
    }
  }
  return sum;
}

}  // namespace

std::size_t op_count() { return 10; }

Model make_op(std::size_t which, unsigned seed) {
  Model model;
  model.name = "op " + std::to_string(which);
  std::mt19937_64 bits(1000 * seed + which);
  std::normal_distribution<double> normal;
  std::vector<double> x(6);
  for (double& v : x) v = static_cast<float>(normal(bits));
  model.theta.add("x", 1, {2, 3}, x);
  derive(model, [which](auto t) { return op_value(which, t); });
  return model;
}

}  // namespace gradcheck_test
