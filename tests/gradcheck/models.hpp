#pragma once

#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace gradcheck_test {

enum class Kind { tanh, relu, maxpool, hinge, convolution, recurrent };
const char* to_string(Kind kind);
inline std::ostream& operator<<(std::ostream& out, Kind kind) { return out << to_string(kind); }

/// What to build. `scale` multiplies the weights, `input_scale` the data.
struct ModelSpec {
  Kind kind = Kind::tanh;
  std::vector<std::size_t> widths{4, 5, 4, 3};
  std::size_t examples = 6;
  unsigned seed = 0;
  double scale = 1.0;
  double input_scale = 1.0;
  double l1 = 0.0;  ///< λ Σ|W|
  double l2 = 0.0;  ///< λ/2 Σ W²
  bool zero_bias = false;
  double first_layer = 1.0;  ///< multiplies what the first layer hands on: 1e-7 makes it vanish
};

/// A cost with its right gradient, in double and as a float program would have it.
struct Model {
  std::string name;
  ModelSpec spec;
  dtheta::gradcheck::ParameterVector theta;
  dtheta::gradcheck::Cost cost;
  dtheta::gradcheck::Gradient::Function gradient;
  std::vector<double> right;
  std::vector<double> right_float;
  /// The gradient of each example's part of the cost; they sum to `right` less the regulariser.
  std::vector<std::vector<double>> per_example;
  std::function<double(std::span<const double>)> first_input;  ///< of the first unit, example 0
};

Model make_model(const ModelSpec& spec);

/// Moves the first bias so that the first unit's input is `distance` of the layer's scale away from
/// zero in the first example; the right gradients follow. False if that changes nothing.
bool approach_corner(Model& model, double distance);

/// One-line functions of up to six numbers, by position; op_count() of them.
Model make_op(std::size_t which, unsigned seed);
std::size_t op_count();

}  // namespace gradcheck_test
