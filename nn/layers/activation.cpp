#include "nn/layers/activation.hpp"

#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/names.hpp"

namespace dtheta::nn {
namespace {

constexpr std::array names{
    Named{"identity", Activation::identity},
    Named{"relu", Activation::relu},
    Named{"leaky_relu", Activation::leaky_relu},
    Named{"sigmoid", Activation::sigmoid},
    Named{"log_sigmoid", Activation::log_sigmoid},
    Named{"tanh", Activation::tanh},
    Named{"softplus", Activation::softplus},
    Named{"softsign", Activation::softsign},
    Named{"silu", Activation::silu},
    Named{"elu", Activation::elu},
    Named{"softmax", Activation::softmax},
    Named{"log_softmax", Activation::log_softmax},
};

/// x for x > 0, exp(x) - 1 otherwise.
Var elu(Var x) { return where(x > 0, x, expm1(minimum(x, 0))); }

}  // namespace

Activation parse_activation(std::string_view name) {
  return detail::find_name("activation", name, names);
}

std::string_view to_string(Activation activation) { return detail::name_of(activation, names); }

Var activate(Activation f, Var x, int axis) {
  switch (f) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::leaky_relu:
      return leaky_relu(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::log_sigmoid:
      return log_sigmoid(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::softplus:
      return softplus(x);
    case Activation::softsign:
      return x / (1 + abs(x));
    case Activation::silu:
      return x * sigmoid(x);
    case Activation::elu:
      return elu(x);
    case Activation::softmax:
      return softmax(x, axis);
    case Activation::log_softmax:
      return log_softmax(x, axis);
  }
  throw ValueError("activate: not an activation");
}

}  // namespace dtheta::nn
