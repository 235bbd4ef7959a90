#include "nn/data/preprocess.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/data/batch_shape.hpp"
#include "nn/data/batches.hpp"

namespace dtheta::nn {
namespace {

Shape features_of(const Tensor& examples) {
  const Shape& shape = examples.shape();
  if (shape.rank() < 1 || shape.size() == 0) {
    throw ShapeError(fmt::format("standardizer: {} holds no examples", to_string(shape)));
  }
  if (examples.dtype() == DType::int64) {
    throw TypeError("standardizer: examples are int64, must be real");
  }
  return detail::example_of(shape);
}

/// f(element, feature) for all elements, in order.
template <class T, class F>
void for_each_element(std::span<T> values, std::size_t features, F f) {
  for (std::size_t i = 0; i < values.size(); ++i) f(values[i], i % features);
}

template <Element T>
void standardize(std::span<T> values, std::span<const double> mean,
                 std::span<const double> deviation) {
  for_each_element(values, mean.size(), [&](T& v, std::size_t f) {
    v = static_cast<T>((static_cast<double>(v) - mean[f]) / deviation[f]);
  });
}

}  // namespace

Tensor rows_of(const Tensor& values, std::span<const Index> rows) {
  Tensor chosen(detail::with_count(values.shape(), static_cast<Index>(rows.size())),
                values.dtype());
  gather_rows(values, rows, chosen);
  return chosen;
}

std::pair<std::vector<Index>, std::vector<Index>> split_rows(Index count, double share,
                                                             std::uint64_t seed) {
  const double wanted = share * static_cast<double>(count);
  const Index second = std::isfinite(wanted) ? static_cast<Index>(std::llround(wanted)) : 0;
  if (!(share > 0 && share < 1) || second < 1 || second >= count) {
    throw ValueError(
        fmt::format("split: a share of {} of {} rows leaves one of two parts empty", share, count));
  }
  std::vector<Index> order(static_cast<std::size_t>(count));
  constexpr std::uint64_t no_epoch = ~std::uint64_t{0};  // an order of its own
  shuffle(order, seed, no_epoch);
  const auto middle = order.begin() + (count - second);
  return {{order.begin(), middle}, {middle, order.end()}};
}

DatasetSplit split(const Dataset& data, double test_share, std::uint64_t seed) {
  const auto [train, test] = split_rows(data.count(), test_share, seed);
  const auto part = [&](const std::vector<Index>& rows) {
    return Dataset{rows_of(data.inputs, rows), rows_of(data.labels, rows)};
  };
  return {.train = part(train),
          .test = part(test),
          .classes = 1 + std::ranges::max(data.labels.data<Index>())};
}

std::pair<Table, Table> split(const Table& data, double share, std::uint64_t seed) {
  const auto [first, second] = split_rows(data.count(), share, seed);
  return {data.rows(first), data.rows(second)};
}

Tensor one_hot(const Tensor& labels, Index classes) {
  if (labels.dtype() != DType::int64) {
    throw TypeError(
        fmt::format("one_hot: labels are {}, must be int64", to_string(labels.dtype())));
  }
  std::vector<Index> dims(labels.shape().dims().begin(), labels.shape().dims().end());
  dims.push_back(classes);
  Tensor result{Shape(std::span<const Index>(dims))};
  const std::span<double> values = result.data<double>();
  const std::span<const Index> all = labels.data<Index>();
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i] < 0 || all[i] >= classes) {
      throw ValueError(fmt::format("one_hot: label {} is outside [0, {})", all[i], classes));
    }
    values[i * static_cast<std::size_t>(classes) + static_cast<std::size_t>(all[i])] = 1;
  }
  return result;
}

Tensor beside(std::span<const Tensor> parts, Index rows) {
  Index columns = 0;
  for (const Tensor& part : parts) {
    const Shape& shape = part.shape();
    if (shape.rank() != 2 || shape[0] != rows) {
      throw ShapeError(fmt::format("beside: {} is not ({}, columns)", to_string(shape), rows));
    }
    columns += shape[1];
  }
  Tensor result(Shape{rows, columns});
  const std::span<double> to = result.data<double>();
  Index first = 0;
  for (const Tensor& part : parts) {
    const Tensor wide = part.to(DType::float64);
    const std::span<const double> from = wide.data<double>();
    const Index width = part.shape()[1];
    for (Index r = 0; r < rows; ++r) {
      std::ranges::copy(
          from.subspan(static_cast<std::size_t>(r * width), static_cast<std::size_t>(width)),
          to.begin() + r * columns + first);
    }
    first += width;
  }
  return result;
}

Standardizer::Standardizer(const Tensor& examples)
    : mean_(features_of(examples)), deviation_(mean_.shape()) {
  const Tensor wide = examples.to(DType::float64);
  const std::span<const double> values = wide.data<double>();
  const std::span<double> mean = mean_.data<double>(), deviation = deviation_.data<double>();
  const auto count = static_cast<double>(examples.shape()[0]);
  for_each_element(values, mean.size(), [&](double v, std::size_t f) {
    if (!std::isfinite(v)) {
      throw ValueError(fmt::format("standardizer: feature {} has {}, must be finite", f, v));
    }
    mean[f] += v / count;
  });
  // From the differences: a sum of squares would cancel where the mean is large.
  for_each_element(values, mean.size(), [&](double v, std::size_t f) {
    deviation[f] += (v - mean[f]) * (v - mean[f]) / count;
  });
  for (std::size_t f = 0; f < mean.size(); ++f) {
    // A feature that is always the same differs from its mean by roundings alone.
    const double rounding = count * 0x1p-52 * std::abs(mean[f]);
    deviation[f] = deviation[f] <= rounding * rounding ? 1 : std::sqrt(deviation[f]);
  }
}

Tensor Standardizer::operator()(const Tensor& examples) const {
  const Shape features = features_of(examples);
  if (features != mean_.shape()) {
    throw ShapeError(fmt::format("standardizer: features {}, those of the training part are {}",
                                 to_string(features), to_string(mean_.shape())));
  }
  Tensor result = examples;
  const std::span<const double> mean = mean_.data<double>(), deviation = deviation_.data<double>();
  if (result.dtype() == DType::float32) {
    standardize(result.data<float>(), mean, deviation);
  } else {
    standardize(result.data<double>(), mean, deviation);
  }
  return result;
}

}  // namespace dtheta::nn
