#pragma once

#include <string>
#include <vector>

#include "autodiff/tensor.hpp"
#include "nn/initialize.hpp"
#include "nn/model_ref.hpp"

namespace dtheta::nn {

/// One call of a layer, with all that it calls itself.
struct SummaryRow {
  std::string path;  ///< "encoder.0"; empty for the model itself
  std::string type;
  int depth = 0;
  std::vector<Shape> outputs{};
  Index parameters = 0;     ///< elements, of frozen ones too
  Index multiply_adds = 0;  ///< of matrix products, convolutions and recurrent steps
  Index bytes = 0;          ///< of the values that it records
};

/// What a model does with one batch in evaluation.
struct Summary {
  std::vector<SummaryRow> rows{};  ///< in the order of the calls
  Index parameters = 0;            ///< each counted once
  Index trainable = 0;
  Index multiply_adds = 0;
  Index parameter_bytes = 0;
  Index value_bytes = 0;
};

/// A table of the rows, and the sums below it.
[[nodiscard]] std::string to_string(const Summary& summary);

namespace detail {
[[nodiscard]] Summary summarize(const ModelView& model, const Tensor& input, DType precision);
/// Whether a parameter waits for its first values.
[[nodiscard]] bool is_pending(const ModelView& model);
}  // namespace detail

/// Records the model on one input, for evaluation, and says of each layer what it makes and what it
/// costs:
///   fmt::print("{}", to_string(summary(model, {32, 1, 28, 28})));
/// Bytes are those of training in `precision`. The model stays as it is; it needs no values yet.
/// Throws what the layers throw where the input does not fit.
template <class M>
[[nodiscard]] Summary summary(const M& model, const Tensor& input,
                              DType precision = DType::float32) {
  if (!detail::is_pending(model)) return detail::summarize(model, input, precision);
  M copy = model;
  initialize(copy, 0);
  return detail::summarize(copy, input, precision);
}
/// The same for a real input of a shape.
template <class M>
[[nodiscard]] Summary summary(const M& model, const Shape& input,
                              DType precision = DType::float32) {
  return summary(model, Tensor(input), precision);
}

}  // namespace dtheta::nn
