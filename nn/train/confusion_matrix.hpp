#pragma once

#include <string>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::nn {

/// How often class i (row) was taken for class j (column).
class ConfusionMatrix {
 public:
  /// Throws ValueError for less than one class.
  explicit ConfusionMatrix(Index classes);
  /// Counts outputs (..., classes) and int64 targets (...), but those that are `ignored_label`. Throws ShapeError when they do not fit
  /// and ValueError for a class out of range.
  void add(const Tensor& outputs, const Tensor& targets);
  /// Throws ValueError unless both are in [0, classes).
  void add(Index target, Index predicted, double count = 1);

  [[nodiscard]] Index classes() const { return classes_; }
  [[nodiscard]] double count(Index target, Index predicted) const;
  [[nodiscard]] double total() const;
  [[nodiscard]] double accuracy() const;
  /// Of what was taken for this class, the share that is. NaN where nothing was.
  [[nodiscard]] double precision(Index of) const;
  /// Of what is this class, the share that was taken for it. NaN where nothing is.
  [[nodiscard]] double recall(Index of) const;
  /// A table with a row for each class.
  [[nodiscard]] std::string table() const;

 private:
  [[nodiscard]] std::size_t place(Index target, Index predicted) const;

  Index classes_;
  std::vector<double> counts_;
};

}  // namespace dtheta::nn
