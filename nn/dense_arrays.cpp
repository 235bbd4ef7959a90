#include "nn/dense_arrays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <system_error>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {
namespace {

std::string listed(std::span<const NamedTensor> arrays) {
  std::string names;
  for (const NamedTensor& a : arrays) names += (names.empty() ? "" : ", ") + a.name;
  return names.empty() ? "none" : names;
}

const Tensor& find(std::span<const NamedTensor> arrays, std::string_view name) {
  const auto at = std::ranges::find(arrays, name, &NamedTensor::name);
  if (at == arrays.end()) {
    throw ValueError(
        fmt::format("network: there is no array {}; the arrays are: {}", name, listed(arrays)));
  }
  return at->value;
}

/// l of "W<l>" or "b<l>", 0 for any other name.
int layer_of(std::string_view name) {
  const bool is_parameter = name.size() > 1 && (name[0] == 'W' || name[0] == 'b') && name[1] != '0';
  if (!is_parameter) return 0;
  int layer = 0;
  const auto [end, error] = std::from_chars(name.data() + 1, name.data() + name.size(), layer);
  return error == std::errc{} && end == name.data() + name.size() ? std::max(layer, 0) : 0;
}

int count_layers(std::span<const NamedTensor> arrays) {
  int last = 0;
  for (const NamedTensor& a : arrays) last = std::max(last, layer_of(a.name));
  return std::max(last, 1);  // without any, W1 is what is missing
}

/// "Y[0, 3]"
std::string place(std::string_view name, const Shape& shape, Index at) {
  std::string position;
  for (int axis = shape.rank(); axis-- > 0;) {
    position = fmt::format("{}{}{}", at % shape[axis], position.empty() ? "" : ", ", position);
    at /= shape[axis];
  }
  return fmt::format("{}[{}]", name, position);
}

template <class Allowed>
void require_values(std::string_view name, const Tensor& values, std::string_view rule,
                    Allowed allowed) {
  const std::span<const double> v = values.data<double>();
  const auto bad = std::ranges::find_if_not(v, allowed);
  if (bad == v.end()) return;
  throw ValueError(fmt::format("network: {} is {}, {}",
                               place(name, values.shape(), bad - v.begin()), *bad, rule));
}

/// The array as float64, none of it NaN or infinite.
Tensor real_array(std::string_view name, const Tensor& value) {
  if (value.size() == 0) {
    throw ShapeError(fmt::format("network: {} {} is empty", name, to_string(value.shape())));
  }
  Tensor real = value.to(DType::float64);
  require_values(name, real, "must be finite", [](double v) { return std::isfinite(v); });
  return real;
}

Parameter parameter(std::span<const NamedTensor> arrays, const std::string& symbol, int layer) {
  Parameter p{.symbol = symbol, .layer = layer, .regularized = symbol == "W"};
  const Tensor& value = find(arrays, p.name());
  if (value.dtype() == DType::int64) {
    throw TypeError(fmt::format("network: {} is int64, parameters must be real", p.name()));
  }
  p.value = real_array(p.name(), value);
  return p;
}

void require_weights(const Parameter& w, const Shape& x, Index inputs) {
  const Shape& shape = w.value.shape();
  if (shape.rank() == 2 && shape[1] == inputs) return;
  const std::string from = w.layer == 1
                               ? fmt::format("X {} has {} features", to_string(x), inputs)
                               : fmt::format("layer {} has {} outputs", w.layer - 1, inputs);
  throw ShapeError(fmt::format("network: {} {} does not fit: {}, so (n, {}) is needed", w.name(),
                               to_string(shape), from, inputs));
}

void require_bias(const Parameter& b, const Parameter& w) {
  const Index outputs = w.value.shape()[0];
  if (b.value.shape() == Shape{outputs, 1}) return;
  throw ShapeError(fmt::format("network: {} {} does not fit {} {}: ({}, 1) is needed", b.name(),
                               to_string(b.value.shape()), w.name(), to_string(w.value.shape()),
                               outputs));
}

/// Classes as whole numbers, one for each example.
Tensor class_labels(const Tensor& y, Index classes) {
  require_values(
      "Y", y, fmt::format("a class must be a whole number in [0, {})", classes),
      [&](double v) { return v >= 0 && v < static_cast<double>(classes) && v == std::floor(v); });
  Tensor labels(Shape{y.size()}, DType::int64);
  std::ranges::transform(y.data<double>(), labels.data<Index>().begin(),
                         [](double v) { return static_cast<Index>(v); });
  return labels;
}

void require_probabilities(const Tensor& y, Loss loss) {
  require_values("Y", y, fmt::format("labels of {} lie in [0, 1]", to_string(loss)),
                 [](double v) { return v >= 0 && v <= 1; });
  if (!is_over_classes(loss)) return;
  const Index classes = y.shape()[0], m = y.shape()[1];
  for (Index j = 0; j < m; ++j) {
    double total = 0;
    for (Index i = 0; i < classes; ++i) {
      total += y.data<double>()[static_cast<std::size_t>(i * m + j)];
    }
    // float32 probabilities add up to 1 within a few of its roundings.
    if (std::abs(total - 1) > 1e-5) {
      throw ValueError(fmt::format(
          "network: column {} of Y adds up to {}, class probabilities add up to 1", j, total));
    }
  }
}

Tensor targets(const Tensor& array, Loss loss, Index outputs, Index m) {
  const Tensor y = real_array("Y", array);
  const Shape& shape = y.shape();
  if (is_over_classes(loss) && outputs < 2) {
    throw ShapeError(
        fmt::format("network: {} needs at least 2 outputs, there is 1", to_string(loss)));
  }
  const bool one_row = shape == Shape{m} || shape == Shape{1, m};
  if (one_row && is_over_classes(loss)) return class_labels(y, outputs);
  if (shape != Shape{outputs, m} && !(one_row && outputs == 1)) {
    throw ShapeError(
        fmt::format("network: Y {} does not fit {} outputs and {} examples: ({}, {}) is needed",
                    to_string(shape), outputs, m, outputs, m));
  }
  Tensor result = y.reshaped({outputs, m});
  if (takes_probabilities(loss)) require_probabilities(result, loss);
  return result;
}

}  // namespace

DenseArrays find_dense_arrays(std::span<const NamedTensor> arrays, Loss loss) {
  DenseArrays found;
  found.x = real_array("X", find(arrays, "X"));
  const Shape& x = found.x.shape();
  if (x.rank() != 2) {
    throw ShapeError(fmt::format("network: X {} must be (features, examples)", to_string(x)));
  }
  Index width = x[0];
  const int layers = count_layers(arrays);
  for (int l = 1; l <= layers; ++l) {
    Parameter w = parameter(arrays, "W", l), b = parameter(arrays, "b", l);
    require_weights(w, x, width);
    require_bias(b, w);
    width = w.value.shape()[0];
    found.parameters.push_back(std::move(w));
    found.parameters.push_back(std::move(b));
  }
  found.y = targets(find(arrays, "Y"), loss, width, x[1]);
  return found;
}

}  // namespace dtheta::nn::detail
