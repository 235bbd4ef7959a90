#include "gradcheck/cli/activation_slips.hpp"

#include <fmt/format.h>

#include <span>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::gradcheck::cli {
namespace {

using nn::Activation;

/// A slope as somebody wrote it, of the input z and the output y of an activation.
struct Slip {
  Activation of;
  Var (*slope)(Var z, Var y);
  const char* words;
};

const Slip slips[] = {
    {Activation::tanh, [](Var z, Var) { return 1.0 - z * z; },
     "1 - z^2 where 1 - tanh(z)^2 is due (z in place of tanh z)"},
    {Activation::tanh,
     [](Var, Var y) {
       const Var again = nn::activate(Activation::tanh, y);
       return 1.0 - again * again;
     },
     "1 - tanh(a)^2 of the output a where 1 - a^2 is due (tanh taken twice)"},
    {Activation::tanh, [](Var, Var y) { return 1.0 - y; },
     "1 - tanh z where 1 - tanh(z)^2 is due (a square is missing)"},
    {Activation::sigmoid, [](Var z, Var) { return z * (1.0 - z); },
     "z (1 - z) where s (1 - s) with s = sigmoid(z) is due (z in place of sigmoid z)"},
    {Activation::sigmoid,
     [](Var, Var y) {
       const Var again = nn::activate(Activation::sigmoid, y);
       return again * (1.0 - again);
     },
     "the slope of sigmoid at its output in place of its input (sigmoid taken twice)"},
    {Activation::sigmoid, [](Var, Var y) { return y + 0.0 * y; },
     "s where s (1 - s) with s = sigmoid(z) is due (the factor 1 - s is missing)"},
    {Activation::relu, [](Var, Var y) { return y + 0.0 * y; },
     "relu(z) where its slope, 0 or 1, is due"},
    {Activation::silu, [](Var z, Var) { return nn::activate(Activation::sigmoid, z); },
     "sigmoid(z) where sigmoid(z) + z sigmoid(z) (1 - sigmoid(z)) is due (half of the product "
     "rule)"},
};

/// f(z) with another slope: what is added is zero in value and has the slope asked for.
Var with_slope(Var y, Var z, Var slope) {
  const Var line = z * stop_gradient(slope);
  return stop_gradient(y - line) + line;
}

NamedVector gradient_with(const nn::NpzFile& file, nn::DenseOptions options, std::size_t at,
                          const std::function<Var(Var z, Var y)>& slope, std::string_view words) {
  const std::vector<Activation> own = options.activations;
  options.activate = [&](Var z, std::size_t layer) {
    const Var y = nn::activate(own[layer - 1], z, 0);
    return layer == at ? with_slope(y, z, slope(z, y)) : y;
  };
  Tape tape;
  const nn::RecordedCost recorded = nn::DenseNetwork(file.arrays(), options).record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(recorded.parameters);
  const ParameterVector gradient = gradient_of(recorded.cost, leaves, parameters_of(leaves));
  return {fmt::format("that of a backward pass with {} in layer {}", words, at),
          {gradient.values().begin(), gradient.values().end()}};
}

}  // namespace

std::vector<NamedVector> activation_slips(const nn::NpzFile& file,
                                          const nn::DenseOptions& options) {
  std::vector<NamedVector> found;
  for (std::size_t layer = 1; layer < options.activations.size(); ++layer) {
    const Activation own = options.activations[layer - 1];
    for (const Slip& slip : slips) {
      if (slip.of == own)
        found.push_back(gradient_with(file, options, layer, slip.slope, slip.words));
    }
    if (own == Activation::identity) continue;
    const auto one = [](Var z, Var) { return 1.0 + 0.0 * z; };
    found.push_back(
        gradient_with(file, options, layer, one, "1 where the slope of the activation is due"));
  }
  return found;
}

}  // namespace dtheta::gradcheck::cli
