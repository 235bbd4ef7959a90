#include "nn/train/metric.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"

namespace dtheta::nn {
namespace {

using Sums = std::vector<double>;

/// The classes that outputs are over; those of one output are two.
Index width_of(const Tensor& outputs) {
  const Shape& shape = outputs.shape();
  return shape.rank() < 1 ? 1 : shape[shape.rank() - 1];
}

/// Outputs (..., classes) and labels (...), a row of outputs for each; or one output for each label,
/// under its shape.
class Rows {
 public:
  Rows(const std::string& metric, const Tensor& outputs, const Tensor& targets)
      : outputs_(outputs.data<float>()),
        width_(targets.size() == outputs.size() ? 1 : static_cast<std::size_t>(width_of(outputs))) {
    if (static_cast<std::size_t>(targets.size()) * width_ != outputs_.size()) {
      throw ShapeError(fmt::format("{}: targets {} are not one for each output of {}", metric,
                                   to_string(targets.shape()), to_string(outputs.shape())));
    }
    take_labels(metric, targets);
    const auto classes = static_cast<Index>(this->classes());
    const auto bad = std::ranges::find_if(
        labels_, [&](Index l) { return l != ignored_label && (l < 0 || l >= classes); });
    if (bad == labels_.end()) return;
    throw ValueError(fmt::format("{}: label {} at position {} of {} is outside [0, {})", metric,
                                 *bad, bad - labels_.begin(), to_string(targets.shape()), classes));
  }
  [[nodiscard]] std::size_t count() const { return labels_.size(); }
  [[nodiscard]] std::size_t classes() const { return width_ == 1 ? 2 : width_; }
  /// False for an example, or position, that is to be left out, see ignored_label.
  [[nodiscard]] bool counts(std::size_t i) const { return labels_[i] != ignored_label; }
  [[nodiscard]] Index label(std::size_t i) const { return labels_[i]; }
  [[nodiscard]] std::span<const float> output(std::size_t i) const {
    return outputs_.subspan(i * width_, width_);
  }
  /// The class with the largest output; of two with one output, 1 where it is above the threshold.
  [[nodiscard]] Index told(std::size_t i, double threshold) const {
    const auto row = output(i);
    if (width_ == 1) return static_cast<double>(row[0]) > threshold ? 1 : 0;
    return std::ranges::max_element(row) - row.begin();
  }

 private:
  /// Whole numbers too, as the masks of segmentation often are real.
  void take_labels(const std::string& metric, const Tensor& targets) {
    if (targets.dtype() == DType::int64) {
      labels_.assign(targets.data<Index>().begin(), targets.data<Index>().end());
      return;
    }
    const Tensor wide = targets.to(DType::float64);
    for (const double v : wide.data<double>()) {
      if (v != std::floor(v) || std::abs(v) > 0x1p31) {
        throw TypeError(fmt::format(
            "{}: targets {} are {} and not all whole numbers, {} say: the classes of examples are "
            "needed",
            metric, to_string(targets.shape()), to_string(targets.dtype()), v));
      }
      labels_.push_back(static_cast<Index>(v));
    }
  }

  std::span<const float> outputs_;
  std::vector<Index> labels_;
  std::size_t width_;
};

/// Of sums (of what, how many).
double mean_of(std::span<const double> sums) {
  return sums.empty() ? std::numeric_limits<double>::quiet_NaN() : sums[0] / sums[1];
}

bool is_right(const Rows& rows, std::size_t i, double threshold) {
  const std::span<const float> row = rows.output(i);
  const Index told = rows.told(i, threshold);
  return told == rows.label(i) && !std::isnan(row[row.size() == 1 ? 0 : std::size_t(told)]);
}

/// The output of its label among those of all classes.
void require_classes(const std::string& metric, const Rows& rows, std::size_t i) {
  if (rows.output(i).size() > 1) return;
  throw ShapeError(
      fmt::format("{}: one output for each target, an output for each class is needed", metric));
}

/// Whether less than k outputs are as large as that of the label, those before it in ties.
bool is_in_top(const Rows& rows, std::size_t i, Index k) {
  const std::span<const float> row = rows.output(i);
  const auto label = static_cast<std::size_t>(rows.label(i));
  if (std::isnan(row[label])) return false;
  Index before = 0;
  for (std::size_t c = 0; c < row.size(); ++c) {
    before += row[c] > row[label] || (row[c] == row[label] && c < label) ? 1 : 0;
  }
  return before < k;
}

/// -log softmax(row)[label]
double surprise(std::span<const float> row, Index label) {
  const double largest = static_cast<double>(*std::ranges::max_element(row));
  double sum = 0;
  for (const float z : row) sum += std::exp(static_cast<double>(z) - largest);
  return std::log(sum) + largest - static_cast<double>(row[static_cast<std::size_t>(label)]);
}

/// A mean of one number for each label.
Metric mean_over_labels(std::string name, std::string target,
                        std::function<double(const Rows&, std::size_t)> of) {
  const auto add = [name, target, of](const Tensor& outputs, const Table& batch, Sums& sums) {
    const Rows rows(name, outputs, batch[target]);
    sums.resize(2);
    for (std::size_t i = 0; i < rows.count(); ++i) {
      if (rows.counts(i)) sums[0] += of(rows, i), sums[1] += 1;
    }
  };
  return {std::move(name), add, mean_of, true};
}

/// Targets of any real type, of as many elements as the outputs.
std::vector<double> values_for(const std::string& metric, const Tensor& outputs,
                               const Tensor& targets) {
  if (targets.size() != outputs.size()) {
    throw ShapeError(fmt::format("{}: targets {} do not have the shape {} of the outputs", metric,
                                 to_string(targets.shape()), to_string(outputs.shape())));
  }
  const Tensor wide = targets.dtype() == DType::int64 ? Tensor() : targets.to(DType::float64);
  std::vector<double> values;
  if (targets.dtype() == DType::int64) {
    for (const Index v : targets.data<Index>()) values.push_back(static_cast<double>(v));
  } else {
    values.assign(wide.data<double>().begin(), wide.data<double>().end());
  }
  return values;
}

Metric mean_over_values(std::string name, std::string target, double (*of)(double difference)) {
  const auto add = [name, target, of](const Tensor& outputs, const Table& batch, Sums& sums) {
    const std::vector<double> values = values_for(name, outputs, batch[target]);
    sums.resize(2);
    for (std::size_t i = 0; i < values.size(); ++i) {
      sums[0] += of(static_cast<double>(outputs.data<float>()[i]) - values[i]);
    }
    sums[1] += static_cast<double>(values.size());
  };
  return {std::move(name), add, mean_of, false};
}

}  // namespace

namespace metric {

Metric accuracy(double threshold, std::string target) {
  return mean_over_labels("accuracy", std::move(target), [=](const Rows& rows, std::size_t i) {
    return is_right(rows, i, threshold) ? 1.0 : 0.0;
  });
}

Metric top_k(Index k, std::string target) {
  if (k < 1) throw ValueError(fmt::format("top_k: k {}, must be at least 1", k));
  const std::string name = fmt::format("top-{} accuracy", k);
  return mean_over_labels(name, std::move(target), [=](const Rows& rows, std::size_t i) {
    require_classes(name, rows, i);
    return is_in_top(rows, i, k) ? 1.0 : 0.0;
  });
}

Metric macro_f1(std::string target) {
  const auto add = [target](const Tensor& outputs, const Table& batch, Sums& sums) {
    const Rows rows("macro F1", outputs, batch[target]);
    const std::size_t classes = rows.classes();
    sums.resize(classes * classes);
    for (std::size_t i = 0; i < rows.count(); ++i) {
      if (!rows.counts(i)) continue;
      const auto label = static_cast<std::size_t>(rows.label(i));
      sums[label * classes + static_cast<std::size_t>(rows.told(i, 0))] += 1;
    }
  };
  const auto value = [](std::span<const double> sums) {
    const auto classes =
        static_cast<std::size_t>(std::llround(std::sqrt(static_cast<double>(sums.size()))));
    double total = 0, occurring = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      double told = 0, are = 0;
      for (std::size_t other = 0; other < classes; ++other) {
        told += sums[other * classes + c];
        are += sums[c * classes + other];
      }
      if (told + are == 0) continue;
      total += 2 * sums[c * classes + c] / (told + are);
      occurring += 1;
    }
    return total / occurring;
  };
  return {"macro F1", add, value, true};
}

Metric perplexity(std::string target) {
  Metric mean =
      mean_over_labels("perplexity", std::move(target), [](const Rows& rows, std::size_t i) {
        require_classes("perplexity", rows, i);
        return surprise(rows.output(i), rows.label(i));
      });
  mean.value = [](std::span<const double> sums) { return std::exp(mean_of(sums)); };
  mean.larger_is_better = false;
  return mean;
}

Metric mse(std::string target) {
  return mean_over_values("MSE", std::move(target), [](double d) { return d * d; });
}

Metric mae(std::string target) {
  return mean_over_values("MAE", std::move(target), [](double d) { return std::abs(d); });
}

// For each column: the count, the mean of the targets and the sum of squares around it, updated
// value by value (Welford 1962), and the sum of squared errors.
Metric r2(std::string target) {
  const auto add = [target](const Tensor& outputs, const Table& batch, Sums& sums) {
    const std::vector<double> values = values_for("R2", outputs, batch[target]);
    const auto columns =
        outputs.shape().rank() < 2 ? std::size_t{1} : static_cast<std::size_t>(width_of(outputs));
    sums.resize(4 * columns);
    for (std::size_t i = 0; i < values.size(); ++i) {
      double* s = &sums[4 * (i % columns)];
      s[0] += 1;
      const double from_mean = values[i] - s[1];
      s[1] += from_mean / s[0];
      s[2] += from_mean * (values[i] - s[1]);
      const double error = static_cast<double>(outputs.data<float>()[i]) - values[i];
      s[3] += error * error;
    }
  };
  const auto value = [](std::span<const double> sums) {
    double total = 0;
    for (std::size_t c = 0; c < sums.size(); c += 4) {
      total += sums[c + 2] > 0 ? 1 - sums[c + 3] / sums[c + 2]
                               : std::numeric_limits<double>::quiet_NaN();
    }
    return total / (static_cast<double>(sums.size()) / 4);
  };
  return {"R2", add, value, true};
}

}  // namespace metric

}  // namespace dtheta::nn
