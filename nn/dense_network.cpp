#include "nn/dense_network.hpp"

#include <fmt/format.h>

#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "nn/dense_arrays.hpp"
#include "nn/init.hpp"
#include "nn/layers/dropout.hpp"

namespace dtheta::nn {
namespace {

RandomKey for_layer(RandomKey key, std::size_t layer) {
  return {key.seed, key.stream + static_cast<std::uint32_t>(layer)};
}

}  // namespace

DenseNetwork::DenseNetwork(std::span<const NamedTensor> arrays, DenseOptions options)
    : options_(std::move(options)) {
  detail::require_keep_prob(options_.keep_prob);
  detail::DenseArrays found = detail::find_dense_arrays(arrays, options_.loss);
  if (found.parameters.size() != 2 * options_.activations.size()) {
    throw ValueError(fmt::format("network: {} activations for {} layers",
                                 options_.activations.size(), found.parameters.size() / 2));
  }
  x_ = std::move(found.x);
  y_ = std::move(found.y);
  parameters_ = std::move(found.parameters);
  for (Tensor& mask : options_.masks) mask = mask.to(DType::float64);
  require_masks();
}

RecordedCost DenseNetwork::record(Tape& tape, Mode mode) const {
  Recording recording(tape, mode);
  RecordedCost r;
  r.input = tape.leaf(x_, "X");
  r.target = tape.leaf(y_, "Y");
  Var a = r.input;
  for (std::size_t l = 0; l < layer_count(); ++l) {
    const Var w = recording(parameters_[2 * l]);
    const Var b = recording(parameters_[2 * l + 1]);
    const Var z = matmul(w, a) + b;
    a = options_.activate ? options_.activate(z, l + 1) : activate(options_.activations[l], z, 0);
    const bool hidden = l + 1 < layer_count();
    if (hidden && recording.training()) a = dropped(tape, a, l);
  }
  r.output = a;
  r.cost = data_term(r);
  r.parts.push_back({"data", r.cost});
  r.parameters = recording.parameters();
  for (const Regularizer& regularizer : options_.regularizers) {
    add_penalty(r, regularizer, example_count());
  }
  return r;
}

/// The output of hidden layer `layer`, counted from 0, behind its dropout.
Var DenseNetwork::dropped(Tape& tape, Var a, std::size_t layer) const {
  if (options_.masks.empty()) {
    return dropout(a, options_.keep_prob, for_layer(options_.key, layer + 1));
  }
  return a * tape.constant(options_.masks[layer]) / options_.keep_prob;
}

void DenseNetwork::require_masks() const {
  if (options_.masks.empty()) return;
  if (options_.masks.size() + 1 != layer_count()) {
    throw ValueError(fmt::format("network: {} dropout masks for {} hidden layers",
                                 options_.masks.size(), layer_count() - 1));
  }
  for (std::size_t l = 0; l + 1 < layer_count(); ++l) {
    const Shape wanted{parameters_[2 * l].value.shape()[0], example_count()};
    if (options_.masks[l].shape() != wanted) {
      throw ShapeError(
          fmt::format("network: the dropout mask of layer {} has shape {}, its output "
                      "{}",
                      l + 1, to_string(options_.masks[l].shape()), to_string(wanted)));
    }
    for (const double v : options_.masks[l].data<double>()) {
      if (v == 0 || v == 1) continue;
      throw ValueError(
          fmt::format("network: the dropout mask of layer {} has the value {}; 1 keeps "
                      "a unit and 0 drops it",
                      l + 1, v));
    }
  }
}

Var DenseNetwork::data_term(const RecordedCost& r) const {
  Var output = r.output, target = r.target;
  if (is_over_classes(options_.loss)) {
    output = transpose(output);
    if (!target.is_index()) target = transpose(target);
  }
  return loss(options_.loss, output, target, Reduction::sum) / example_count();
}

std::vector<Parameter*> DenseNetwork::parameters() {
  std::vector<Parameter*> all;
  for (Parameter& p : parameters_) all.push_back(&p);
  return all;
}

std::vector<NamedTensor> dense_parameters(std::span<const Index> sizes, RandomKey key) {
  std::vector<NamedTensor> arrays;
  for (std::size_t l = 1; l < sizes.size(); ++l) {
    const Index in = sizes[l - 1], out = sizes[l];
    arrays.push_back({fmt::format("W{}", l), he_normal({out, in}, for_layer(key, l))});
    arrays.push_back({fmt::format("b{}", l), Tensor(Shape{out, 1})});
  }
  return arrays;
}

}  // namespace dtheta::nn
