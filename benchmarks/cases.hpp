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

/// Euclidean norm.
template <class T>
double norm_of(const T* values, std::size_t count) {
  double sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    sum += static_cast<double>(values[i]) * static_cast<double>(values[i]);
  }
  return std::sqrt(sum);
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

/// Gain and shift of what has been normalised.
inline void add_norm(std::vector<Array>& to, std::int64_t channels) {
  to.push_back({{channels}, 0.1, 1});
  to.push_back({{channels}});
}

/// Sizes of the dense networks: inputs, hidden layers, outputs; empty for any other case.
inline std::vector<std::int64_t> dense_sizes(const std::string& name) {
  if (name == "a" || name == "gc-a") return {5, 6, 3, 1};
  if (name == "b") return {784, 128, 10};
  if (name == "c") return {784, 512, 512, 10};
  if (name == "gc-b") return {20, 16, 8, 1};
  if (name == "gc-c") return {784, 32, 10};
  if (name == "gc-d") return {784, 128, 10};
  if (name == "dense-2048") return {2048, 2048, 2048, 2048};
  return {};
}

inline NetworkData dense_data(const std::string& name) {
  const std::vector<std::int64_t> sizes = dense_sizes(name);
  const std::int64_t batch = name == "a" || name == "gc-a" ? 4
                             : name == "b"                 ? 64
                             : name == "c"                 ? 128
                             : name == "dense-2048"        ? 256
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

/// Case e, lstm-512, gru-512, rnn-512: x is (time, batch, width), as wide as the layer is; w_x,
/// w_h, b_x, b_h with gates i, f, g, o (r, z, n of a GRU); then a dense layer on the last state.
inline NetworkData recurrent_data(const std::string& name) {
  const std::int64_t width = name == "e" ? 128 : 512;
  const std::int64_t gates = name == "gru-512" ? 3 : name == "rnn-512" ? 1 : 4;
  const double scale = name == "e" ? 0.1 : 0.05;
  NetworkData n{{32, 16, width}, 16, 10, {}};
  n.parameters = {{{gates * width, width}, scale},
                  {{gates * width, width}, scale},
                  {{gates * width}},
                  {{gates * width}}};
  add_layer(n.parameters, {10, width});
  return n;
}

/// Case f, encoder-512, encoder-1024: x is (batch, sequence, width). y = norm(x + attention(x)); z
/// = norm(y + W2 relu(W1 y)); a dense layer on the mean of z over the sequence. Projections of
/// queries, keys and values are one array; norms have a gain and a shift.
inline NetworkData encoder_data(const std::string& name) {
  const std::int64_t d = name == "f" ? 128 : 512;
  NetworkData n{{8, 64, d}, 8, 10, {}};
  if (name == "encoder-512") n = {{4, 256, d}, 4, 10, {}};
  if (name == "encoder-1024") n = {{1, 1024, d}, 1, 10, {}};
  add_layer(n.parameters, {3 * d, d});
  add_layer(n.parameters, {d, d});
  add_norm(n.parameters, d);
  add_layer(n.parameters, {4 * d, d});
  add_layer(n.parameters, {d, 4 * d});
  add_norm(n.parameters, d);
  add_layer(n.parameters, {10, d});
  return n;
}
/// 4 of 32 numbers, or 8 of 64.
inline std::int64_t encoder_heads(std::int64_t width) { return width == 128 ? 4 : 8; }

/// Convolutions (out, in, k, k) without bias, each with the gain and the shift of the batch norm
/// behind it, on batches of 32 images of 32 x 32; the mean over the image to ten classes.
///   conv-64: four of 64 channels; residual: 32, 64 and 128 channels, each a block of two around
///   which x goes as it is, or by a convolution of 1 x 1; separable: each channel by itself,
///   between convolutions of 1 x 1; unet: down to half the size, and back up by a transposed
///   convolution.
inline NetworkData convolutional_data(const std::string& name) {
  const std::int64_t in = name == "residual" || name == "unet" ? 3 : 64;
  NetworkData n{{32, in, 32, 32}, 32, 10, {}};
  const auto add = [&](std::int64_t out, std::int64_t from, std::int64_t k, bool upwards = false) {
    const double scale = std::sqrt(3.0 / static_cast<double>(from * k * k));
    n.parameters.push_back(
        {upwards ? std::vector{from, out, k, k} : std::vector{out, from, k, k}, scale});
    add_norm(n.parameters, out);
  };
  if (name == "conv-64") {
    for (int layer = 0; layer < 4; ++layer) add(64, 64, 3);
  } else if (name == "residual") {
    add(32, 3, 3);
    for (const std::int64_t out : {32, 64, 128}) {
      const std::int64_t from = out == 32 ? 32 : out / 2;
      add(out, from, 3);
      add(out, out, 3);
      if (from != out) add(out, from, 1);
    }
  } else if (name == "separable") {
    for (int block = 0; block < 2; ++block) {
      add(128, 64, 1);
      add(128, 1, 3);
      add(64, 128, 1);
    }
  } else {
    add(32, 3, 3);
    add(64, 32, 3);
    add(64, 64, 3);
    add(32, 64, 2, true);
    add(32, 64, 3);
  }
  add_layer(n.parameters, {10, name == "residual" ? 128 : name == "unet" ? 32 : 64});
  return n;
}

/// Case embedding: 64 texts of 32 words out of 50,000, each a vector of 256; their mean to ten
/// classes.
inline constexpr std::int64_t vocabulary = 50'000, words = 32;
inline NetworkData embedding_data() {
  NetworkData n{{64, words}, 64, 10, {}};
  n.parameters.push_back({{vocabulary, 256}, 1});
  add_layer(n.parameters, {10, 256});
  return n;
}
inline std::vector<std::int64_t> texts() {
  std::vector<std::int64_t> all;
  for (std::int64_t i = 0; i < 64 * words; ++i) all.push_back(i * i * 7919 % vocabulary);
  return all;
}

inline bool is_convolutional(const std::string& name) {
  return name == "conv-64" || name == "residual" || name == "separable" || name == "unet";
}
inline bool is_recurrent(const std::string& name) {
  return name == "e" || name == "lstm-512" || name == "gru-512" || name == "rnn-512";
}
inline bool is_encoder(const std::string& name) {
  return name == "f" || name.starts_with("encoder-");
}

/// The network of a case; throws for one that has none.
inline NetworkData network_data(const std::string& name) {
  if (!dense_sizes(name).empty()) return dense_data(name);
  if (name == "d") return lenet_data();
  if (is_recurrent(name)) return recurrent_data(name);
  if (is_encoder(name)) return encoder_data(name);
  if (is_convolutional(name)) return convolutional_data(name);
  if (name == "embedding") return embedding_data();
  throw std::invalid_argument("no network for case " + name);
}

/// Rows and columns of case product-N, parameters of case adam-N, in millions.
inline std::int64_t size_in(const std::string& name) {
  return std::stoll(name.substr(name.find('-') + 1));
}

/// Cases that read and write memory: exp, add, and sums of all, of rows, and of columns.
inline constexpr std::int64_t stream_rows = 2500, stream_columns = 4000;

/// The chain: ops on vectors of 1 or 16 elements, x <- x * w, x <- x + b, ...; its sum is
/// differentiated by x, w and b.
inline constexpr int chain_ops = 1000;

}  // namespace dtheta::bench
