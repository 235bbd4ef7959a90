#include "nn/layers/activation.hpp"

#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "nn/names.hpp"

namespace dtheta::nn {
namespace {

constexpr std::array names{
    Named{"identity", Activation::identity},
    Named{"relu", Activation::relu},
    Named{"relu6", Activation::relu6},
    Named{"leaky_relu", Activation::leaky_relu},
    Named{"elu", Activation::elu},
    Named{"celu", Activation::celu},
    Named{"selu", Activation::selu},
    Named{"gelu", Activation::gelu},
    Named{"gelu_tanh", Activation::gelu_tanh},
    Named{"silu", Activation::silu},
    Named{"mish", Activation::mish},
    Named{"softplus", Activation::softplus},
    Named{"softsign", Activation::softsign},
    Named{"sigmoid", Activation::sigmoid},
    Named{"log_sigmoid", Activation::log_sigmoid},
    Named{"hardsigmoid", Activation::hardsigmoid},
    Named{"hardswish", Activation::hardswish},
    Named{"tanh", Activation::tanh},
    Named{"hardtanh", Activation::hardtanh},
    Named{"softshrink", Activation::softshrink},
    Named{"hardshrink", Activation::hardshrink},
    Named{"tanhshrink", Activation::tanhshrink},
    Named{"softmax", Activation::softmax},
    Named{"log_softmax", Activation::log_softmax},
    Named{"softmin", Activation::softmin},
    Named{"glu", Activation::glu},
};

/// The smooth ones and those with an exponential; no Var for another.
Var activate_smooth(Activation f, Var x) {
  switch (f) {
    case Activation::elu:
      return elu(x);
    case Activation::celu:
      return celu(x);
    case Activation::selu:
      return selu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::gelu_tanh:
      return gelu_tanh(x);
    case Activation::silu:
      return silu(x);
    case Activation::mish:
      return mish(x);
    case Activation::softplus:
      return softplus(x);
    case Activation::softsign:
      return softsign(x);
    case Activation::sigmoid:
      return sigmoid(x);
    case Activation::log_sigmoid:
      return log_sigmoid(x);
    case Activation::tanh:
      return tanh(x);
    case Activation::tanhshrink:
      return tanhshrink(x);
    default:
      return {};
  }
}

/// Those made of lines and parabolas; no Var for another.
Var activate_piecewise(Activation f, Var x) {
  switch (f) {
    case Activation::identity:
      return x;
    case Activation::relu:
      return relu(x);
    case Activation::relu6:
      return relu6(x);
    case Activation::leaky_relu:
      return leaky_relu(x);
    case Activation::hardsigmoid:
      return hardsigmoid(x);
    case Activation::hardswish:
      return hardswish(x);
    case Activation::hardtanh:
      return hardtanh(x);
    case Activation::softshrink:
      return softshrink(x);
    case Activation::hardshrink:
      return hardshrink(x);
    default:
      return {};
  }
}

/// Those along an axis; no Var for another.
Var activate_along(Activation f, Var x, int axis) {
  switch (f) {
    case Activation::softmax:
      return softmax(x, axis);
    case Activation::log_softmax:
      return log_softmax(x, axis);
    case Activation::softmin:
      return softmax(-x, axis);
    case Activation::glu:
      return glu(x, axis);
    default:
      return {};
  }
}

}  // namespace

Activation parse_activation(std::string_view name) {
  return detail::find_name("activation", name, names);
}

std::string_view to_string(Activation activation) { return detail::name_of(activation, names); }

Var activate(Activation f, Var x, int axis) {
  if (const Var y = activate_piecewise(f, x); y.exists()) return y;
  if (const Var y = activate_smooth(f, x); y.exists()) return y;
  if (const Var y = activate_along(f, x, axis); y.exists()) return y;
  throw ValueError("activate: not an activation");
}

}  // namespace dtheta::nn
