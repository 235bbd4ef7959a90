#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/dataset.hpp"
#include "nn/data/table.hpp"

namespace dtheta::nn {

/// The rows of a table of numbers, (examples, ...), in any order. Throws as gather_rows.
[[nodiscard]] Tensor rows_of(const Tensor& values, std::span<const Index> rows);

/// Rows 0 .. count - 1 in two parts, at random by the seed; the second is `share` of them, rounded.
/// Throws ValueError unless both have a row.
[[nodiscard]] std::pair<std::vector<Index>, std::vector<Index>> split_rows(Index count,
                                                                           double share,
                                                                           std::uint64_t seed);
/// A data set in two parts, of which `test` is that share. It has as many classes as the largest
/// label says.
[[nodiscard]] DatasetSplit split(const Dataset& data, double test_share, std::uint64_t seed);
[[nodiscard]] std::pair<Table, Table> split(const Table& data, double share, std::uint64_t seed);

/// float64 (..., classes): 1 at the place of the label, else 0. Throws TypeError unless labels are
/// int64, ValueError for one outside [0, classes).
[[nodiscard]] Tensor one_hot(const Tensor& labels, Index classes);

/// float64 (rows, sum of columns): real tensors (rows, columns) side by side. Throws ShapeError for
/// others.
[[nodiscard]] Tensor beside(std::span<const Tensor> parts, Index rows);

/// Brings each feature to mean 0 and variance 1 (of the examples, not as an estimate):
///   const Standardizer standard(split.train.inputs);
///   split.train.inputs = standard(split.train.inputs);
///   split.test.inputs = standard(split.test.inputs);  // by what the training part told
class Standardizer {
 public:
  /// Of real examples (examples, features...). A feature that is always the same is only moved.
  /// Throws ShapeError for none, TypeError for int64, ValueError for values that are not finite.
  explicit Standardizer(const Tensor& examples);

  /// (examples - mean) / deviation, in their precision. Throws ShapeError for other features.
  [[nodiscard]] Tensor operator()(const Tensor& examples) const;

  /// float64 (features...), 1 for a feature that is always the same.
  [[nodiscard]] const Tensor& mean() const { return mean_; }
  [[nodiscard]] const Tensor& deviation() const { return deviation_; }

 private:
  Tensor mean_, deviation_;
};

}  // namespace dtheta::nn
