#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/data/table.hpp"

namespace dtheta::nn {

/// A number that says how good a model's outputs are. It is a value: a name, a function that adds
/// what a batch has to say to some sums, and one that makes the number of them. So it needs no
/// more memory for more examples, and does not depend on how they are cut into batches. A user's
/// own says the same three things:
///
///   nn::Metric{.name = "mean output",
///              .add = [](const Tensor& outputs, const nn::Table& batch, std::vector<double>& s) {
///                s.resize(2);
///                for (const float y : outputs.data<float>()) s[0] += y, s[1] += 1;
///              },
///              .value = [](std::span<const double> s) { return s[0] / s[1]; }}
struct Metric {
  std::string name;
  /// `outputs` are float32, one slice for each row of `batch`. `sums` is empty at the first batch.
  std::function<void(const Tensor& outputs, const Table& batch, std::vector<double>& sums)> add;
  std::function<double(std::span<const double> sums)> value;
  bool larger_is_better = true;
};

/// Those that there are. For those of classes, outputs are (..., classes) and targets (...), or both
/// have one shape where an output says which of two classes it is; targets are int64 or whole
/// numbers, and those that are `ignored_label` are left out. For those of values both have one
/// shape. All throw ShapeError, TypeError or, for a label that is of no class, ValueError for
/// others, and read the column `target`.
namespace metric {

/// The share of examples, or positions, whose class is told right: the one with the largest output
/// or, when there is but one output, 1 where it is above `threshold`. NaN is never right.
[[nodiscard]] Metric accuracy(double threshold = 0, std::string target = target_column);
/// The share whose class is among the k with the largest outputs. Throws ValueError for k < 1.
[[nodiscard]] Metric top_k(Index k, std::string target = target_column);
/// The mean over all classes that occur of 2 p r / (p + r), precision p and recall r: 0 where
/// both are. One output is class 1 where it is above 0.
[[nodiscard]] Metric macro_f1(std::string target = target_column);
/// exp of the mean of -log softmax(outputs)[target].
[[nodiscard]] Metric perplexity(std::string target = target_column);
/// The mean of (output - target)^2.
[[nodiscard]] Metric mse(std::string target = target_column);
/// The mean of |output - target|.
[[nodiscard]] Metric mae(std::string target = target_column);
/// 1 - sum (output - target)^2 / sum (target - its mean)^2, the mean over the columns of a matrix.
/// NaN where a column of the targets is constant.
[[nodiscard]] Metric r2(std::string target = target_column);

}  // namespace metric

}  // namespace dtheta::nn
