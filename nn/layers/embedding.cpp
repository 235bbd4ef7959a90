#include "nn/layers/embedding.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/tape.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

Tensor standard_normal(const Shape& shape, RandomKey key) { return normal(shape, 0, 1, key); }

/// What `init` draws, but 0 in one row.
Initializer without_row(Initializer init, std::optional<Index> row) {
  if (!row) return init;
  return [init = std::move(init), row = *row](const Shape& shape, RandomKey key) {
    Tensor drawn = init(shape, key);
    const auto width = static_cast<std::size_t>(shape[1]);
    std::ranges::fill(drawn.data<double>().subspan(static_cast<std::size_t>(row) * width, width),
                      0.0);
    return drawn;
  };
}

void require_table(const Shape& shape, std::optional<Index> padding) {
  detail::require_size("embedding", "indices", shape[0]);
  detail::require_size("embedding", "numbers for each", shape[1]);
  if (!padding || (*padding >= 0 && *padding < shape[0])) return;
  throw ValueError(
      fmt::format("embedding: the padding index {} is outside [0, {})", *padding, shape[0]));
}

Tensor checked(Tensor weight, std::optional<Index> padding) {
  if (weight.shape().rank() != 2) {
    throw ShapeError(fmt::format("embedding: weight {} does not fit: (count, width) is needed",
                                 to_string(weight.shape())));
  }
  require_table(weight.shape(), padding);
  if (weight.dtype() == DType::int64) throw TypeError("embedding: weight is int64, must be real");
  return weight;
}

}  // namespace

Embedding::Embedding(Index count, Index width, const EmbeddingOptions& options)
    : padding_(options.padding_index), weight_{.symbol = "weight"} {
  detail::require_size("embedding", "indices", count);
  require_table({count, width}, padding_);
  weight_ = to_draw("weight", {count, width},
                    without_row(options.init ? options.init : standard_normal, padding_));
}

Embedding::Embedding(Tensor weight, const EmbeddingOptions& options)
    : padding_(options.padding_index),
      weight_{.symbol = "weight", .value = checked(std::move(weight), padding_)} {}

Var Embedding::forward(Recording& recording, Var x) const {
  if (!x.is_index()) {
    throw TypeError(
        fmt::format("embedding: x {} is real; an index tensor is needed", to_string(x.shape())));
  }
  Var table = recording(weight_);
  if (padding_) {
    const Tensor all = weight_.value.to(DType::float64);
    const auto row = static_cast<std::size_t>(*padding_);
    const auto width = static_cast<std::size_t>(all.shape()[1]);
    Tensor is_padding(Shape{all.shape()[0], 1}), kept(Shape{1, all.shape()[1]});
    is_padding.data<double>()[row] = 1;
    std::ranges::copy(all.data<double>().subspan(row * width, width), kept.data<double>().begin());
    table = where(x.tape().constant(is_padding), x.tape().constant(kept), table);
  }
  return embedding(table, x);
}

}  // namespace dtheta::nn
