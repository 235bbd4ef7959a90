#include "nn/train/confusion_matrix.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "autodiff/errors.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"

namespace dtheta::nn {

ConfusionMatrix::ConfusionMatrix(Index classes) : classes_(classes) {
  if (classes < 1) throw ValueError(fmt::format("confusion matrix: {} classes", classes));
  counts_.resize(static_cast<std::size_t>(classes * classes));
}

std::size_t ConfusionMatrix::place(Index target, Index predicted) const {
  for (const Index c : {target, predicted}) {
    if (c >= 0 && c < classes_) continue;
    throw ValueError(fmt::format("confusion matrix: class {} is outside [0, {})", c, classes_));
  }
  return static_cast<std::size_t>(target * classes_ + predicted);
}

void ConfusionMatrix::add(Index target, Index predicted, double count) {
  counts_[place(target, predicted)] += count;
}

void ConfusionMatrix::add(const Tensor& outputs, const Tensor& targets) {
  if (targets.size() * classes_ != outputs.size()) {
    throw ShapeError(fmt::format(
        "confusion matrix: targets {} are not one for each output of {} over {} classes",
        to_string(targets.shape()), to_string(outputs.shape()), classes_));
  }
  const std::span<const float> all = outputs.data<float>();
  const std::span<const Index> labels = targets.data<Index>();
  const auto width = static_cast<std::size_t>(classes_);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == ignored_label) continue;
    const auto row = all.subspan(i * width, width);
    add(labels[i], std::ranges::max_element(row) - row.begin());
  }
}

double ConfusionMatrix::count(Index target, Index predicted) const {
  return counts_[place(target, predicted)];
}

double ConfusionMatrix::total() const {
  return std::accumulate(counts_.begin(), counts_.end(), 0.0);
}

double ConfusionMatrix::accuracy() const {
  double right = 0;
  for (Index c = 0; c < classes_; ++c) right += count(c, c);
  return right / total();
}

double ConfusionMatrix::precision(Index of) const {
  double told = 0;
  for (Index c = 0; c < classes_; ++c) told += count(c, of);
  return count(of, of) / told;
}

double ConfusionMatrix::recall(Index of) const {
  double are = 0;
  for (Index c = 0; c < classes_; ++c) are += count(of, c);
  return count(of, of) / are;
}

std::string ConfusionMatrix::table() const {
  const auto cell = static_cast<int>(
      std::max<std::size_t>(6, fmt::format("{}", *std::ranges::max_element(counts_)).size() + 1));
  std::string text = fmt::format("{:>8}", "is\\told");
  for (Index c = 0; c < classes_; ++c) text += fmt::format("{:>{}}", c, cell);
  text += "  recall\n";
  for (Index t = 0; t < classes_; ++t) {
    text += fmt::format("{:>8}", t);
    for (Index p = 0; p < classes_; ++p) text += fmt::format("{:>{}}", count(t, p), cell);
    text += fmt::format("  {:.3f}\n", recall(t));
  }
  return text;
}

}  // namespace dtheta::nn
