#pragma once

#include <functional>
#include <span>
#include <vector>

#include "autodiff/random.hpp"
#include "nn/cost.hpp"
#include "nn/data/npz.hpp"
#include "nn/layers/activation.hpp"
#include "nn/loss.hpp"
#include "nn/parameter.hpp"
#include "nn/recording.hpp"
#include "nn/regularizer.hpp"

namespace dtheta::nn {

/// What a dense network is, beside its arrays.
struct DenseOptions {
  std::vector<Activation> activations{};  ///< one for each layer
  Loss loss = Loss::binary_cross_entropy;
  std::vector<Regularizer> regularizers{};
  double keep_prob = 1;  ///< of dropout after each hidden layer
  RandomKey key{};       ///< of the masks: layer l draws from stream key.stream + l
  /// The masks themselves, one for each hidden layer in the shape of its output (nl, m): 1 keeps a
  /// unit, 0 drops it, what is kept is divided by keep_prob. None: they are drawn.
  std::vector<Tensor> masks{};
  /// In place of the activations, where one wants to see what another function or another slope
  /// does: f(z, l) of layer l, counted from 1.
  std::function<Var(Var z, std::size_t layer)> activate{};
};

/// The L-layer network with examples in columns, together with its data:
///   A0 = X (n0, m),   Al = g(Wl A(l-1) + bl)  for Wl (nl, n(l-1)), bl (nl, 1),
///   J = 1/m sum over examples of the loss of AL against Y + regularisers.
/// Elementwise losses are summed over the outputs of an example.
///
/// Y is (nL, m). Where the loss is over classes it may instead hold the class of each example, as
/// whole numbers of shape (m) or (1, m).
class DenseNetwork {
 public:
  /// From arrays named X, Y, W1, b1, W2, b2, ...; others are ignored. Every array is complete and
  /// fits the others, or: ValueError for one that is missing, NaN, infinite or outside the range of
  /// labels, for as many activations as there are not layers, for keep_prob outside (0, 1],
  /// for masks of other values than 0 and 1 or for another number of layers;
  /// ShapeError for empty arrays and shapes that do not fit; TypeError for integer parameters.
  DenseNetwork(std::span<const NamedTensor> arrays, DenseOptions options);

  /// Records the cost and all that is in it; X and Y are leaves too. Dropout masks follow the
  /// tape's step and are absent in Mode::evaluate. The parameters come in the order W1, b1, W2, ...
  [[nodiscard]] RecordedCost record(Tape& tape, Mode mode = Mode::train) const;

  /// W1, b1, W2, b2, ..., to be read and changed.
  [[nodiscard]] std::vector<Parameter*> parameters();
  [[nodiscard]] std::size_t layer_count() const { return options_.activations.size(); }
  [[nodiscard]] Index example_count() const { return x_.shape()[1]; }

 private:
  [[nodiscard]] Var data_term(const RecordedCost& r) const;
  [[nodiscard]] Var dropped(Tape& tape, Var a, std::size_t layer) const;
  void require_masks() const;

  DenseOptions options_;
  Tensor x_, y_;
  std::vector<Parameter> parameters_;  // W1, b1, W2, b2, ...
};

/// Arrays W1, b1, W2, b2, ... for layers of the given sizes, from that of the input to that of the
/// output: He-normal weights, biases 0. Layer l draws from stream key.stream + l.
[[nodiscard]] std::vector<NamedTensor> dense_parameters(std::span<const Index> sizes,
                                                        RandomKey key);

}  // namespace dtheta::nn
