#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// What is computed in each case, for every program alike: sizes and numbers. Needs std only, so
/// that peers see nothing of this library.
namespace dtheta::bench {

inline constexpr double learning_rate = 0.01;

/// Numbers in [offset - scale, offset + scale), the same everywhere (SplitMix64 of the position).
template <class T>
std::vector<T> numbers(std::size_t count, std::uint64_t stream, double scale, double offset = 0) {
  std::vector<T> values;
  values.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    std::uint64_t z = (stream << 32) + i + 0x9E3779B97F4A7C15U;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
    z ^= z >> 31;
    const double unit = static_cast<double>(z >> 11) * 0x1p-52 - 1;
    values.push_back(static_cast<T>(offset + scale * unit));
  }
  return values;
}

/// An array of parameters: numbers in [offset - scale, offset + scale).
struct Array {
  std::vector<std::int64_t> shape;
  double scale = 0.1;
  double offset = 0;

  [[nodiscard]] std::size_t size() const {
    std::size_t n = 1;
    for (const std::int64_t d : shape) n *= static_cast<std::size_t>(d);
    return n;
  }
};

/// Inputs, their labels' number of classes (1: labels are 0 and 1), and parameters.
struct NetworkData {
  std::vector<std::int64_t> input;
  std::int64_t batch;
  std::int64_t classes;
  std::vector<Array> parameters;

  template <class T>
  [[nodiscard]] std::vector<T> x() const {
    return numbers<T>(Array{input}.size(), 0, 1);
  }
  template <class T>
  [[nodiscard]] std::vector<T> labels() const {
    std::vector<T> y;
    for (std::int64_t i = 0; i < batch; ++i)
      y.push_back(static_cast<T>(classes == 1 ? i % 2 : i * 7 % classes));
    return y;
  }
  template <class T>
  [[nodiscard]] std::vector<T> parameter(std::size_t k) const {
    const Array& a = parameters[k];
    return numbers<T>(a.size(), k + 1, a.scale, a.offset);
  }
};

/// Weights (out, in...) by the size of the fan-in, and a bias.
inline void add_layer(std::vector<Array>& to, std::vector<std::int64_t> weights) {
  const std::int64_t out = weights.front();
  double fan_in = 1;
  for (std::size_t i = 1; i < weights.size(); ++i) fan_in *= static_cast<double>(weights[i]);
  to.push_back({std::move(weights), std::sqrt(3 / fan_in)});
  to.push_back({{out}});
}

/// Sizes of the dense networks: inputs, hidden layers, outputs; empty for any other case.
inline std::vector<std::int64_t> dense_sizes(const std::string& name) {
  if (name == "a" || name == "gc-a") return {5, 6, 3, 1};
  if (name == "b") return {784, 128, 10};
  if (name == "c") return {784, 512, 512, 10};
  if (name == "gc-b") return {20, 16, 8, 1};
  if (name == "gc-c") return {784, 32, 10};
  if (name == "gc-d") return {784, 128, 10};
  return {};
}

inline NetworkData dense_data(const std::string& name) {
  const std::vector<std::int64_t> sizes = dense_sizes(name);
  const std::int64_t batch = name == "a" || name == "gc-a" ? 4
                             : name == "b"                 ? 64
                             : name == "c"                 ? 128
                                                           : 32;
  NetworkData n{{batch, sizes[0]}, batch, sizes.back(), {}};
  for (std::size_t l = 1; l < sizes.size(); ++l) add_layer(n.parameters, {sizes[l], sizes[l - 1]});
  return n;
}

/// Case d: two convolutions (out, in, 5, 5) and three dense layers.
inline NetworkData lenet_data() {
  NetworkData n{{64, 1, 28, 28}, 64, 10, {}};
  add_layer(n.parameters, {6, 1, 5, 5});
  add_layer(n.parameters, {16, 6, 5, 5});
  add_layer(n.parameters, {120, 400});
  add_layer(n.parameters, {84, 120});
  add_layer(n.parameters, {10, 84});
  return n;
}

/// Case e: x is (time, batch, width); w_x, w_h, b_x, b_h with gates i, f, g, o; then a dense layer
/// on the last state.
inline NetworkData lstm_data() {
  NetworkData n{{32, 16, 128}, 16, 10, {}};
  n.parameters = {{{512, 128}, 0.1}, {{512, 128}, 0.1}, {{512}}, {{512}}};
  add_layer(n.parameters, {10, 128});
  return n;
}

/// Case f: x is (batch, sequence, width). y = norm(x + attention(x)); z = norm(y + W2 relu(W1 y));
/// a dense layer on the mean of z over the sequence. Projections of queries, keys and values are
/// one array; norms have a gain and a shift.
inline NetworkData encoder_data() {
  NetworkData n{{8, 64, 128}, 8, 10, {}};
  const auto add_norm = [&] {
    n.parameters.push_back({{128}, 0.1, 1});
    n.parameters.push_back({{128}});
  };
  add_layer(n.parameters, {384, 128});
  add_layer(n.parameters, {128, 128});
  add_norm();
  add_layer(n.parameters, {512, 128});
  add_layer(n.parameters, {128, 512});
  add_norm();
  add_layer(n.parameters, {10, 128});
  return n;
}
inline constexpr std::int64_t encoder_heads = 4;

/// The network of a case; throws for one that has none.
inline NetworkData network_data(const std::string& name) {
  if (!dense_sizes(name).empty()) return dense_data(name);
  if (name == "d") return lenet_data();
  if (name == "e") return lstm_data();
  if (name == "f") return encoder_data();
  throw std::invalid_argument("no network for case " + name);
}

/// The chain: ops on vectors of 1 or 16 elements, x <- x * w, x <- x + b, ...; its sum is
/// differentiated by x, w and b.
inline constexpr int chain_ops = 1000;

}  // namespace dtheta::bench
