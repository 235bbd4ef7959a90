#pragma once

#include <optional>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

struct EmbeddingOptions {
  /// The index that stands for nothing. Its row starts at 0 and is a constant of what is recorded:
  /// the cost does not depend on it, so that its gradient is 0.
  std::optional<Index> padding_index{};
  /// First values of all other rows; standard normal where none is given.
  Initializer init{};
};

/// A vector of `width` numbers for each of `count` indices: x, an index tensor of any shape,
/// becomes x.shape + (width). Its parameter is `weight` (count, width).
class Embedding {
 public:
  /// Throws ShapeError unless both sizes are at least 1, ValueError for a padding index outside
  /// [0, count).
  Embedding(Index count, Index width, const EmbeddingOptions& options = {});
  /// With given vectors (count, width), as were trained elsewhere.
  explicit Embedding(Tensor weight, const EmbeddingOptions& options = {});

  /// Throws TypeError unless x is an index tensor, ValueError for an index out of range.
  [[nodiscard]] Var forward(Recording& recording, Var x) const;
  void fields(Fields& fields) { fields("weight", weight_); }

 private:
  std::optional<Index> padding_;
  Parameter weight_;
};

}  // namespace dtheta::nn
