#include "nn/model_cost.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

RecordedCost record_cost(Tape& tape, ModelView model, const Tensor& input, const Tensor& target,
                         const CostOptions& options, Mode mode) {
  if (input.shape().rank() < 1 || input.size() == 0) {
    throw ShapeError(
        fmt::format("record_cost: the input {} holds no examples", to_string(input.shape())));
  }
  Recording recording(tape, model.fields(), mode);
  RecordedCost r;
  r.input = tape.leaf(input, "input");
  r.target = tape.leaf(target, "target");
  r.output = model.forward(recording, r.input);
  r.cost = loss(options.loss, r.output, r.target);
  complete(r, recording, options.regularizers,
           options.examples == 0 ? input.shape()[0] : options.examples);
  return r;
}

}  // namespace dtheta::nn
