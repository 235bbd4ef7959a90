#include <algorithm>
#include <random>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

template <Var (*f)(Arg)>
Values unary(const Call& c) {
  return c.like(f(c[0]));
}

/// The second operand of an operator of opset 6, which broadcasts from `axis` on.
Var second_operand(const Call& c) {
  const Var b = c[1];
  if (!c.has("axis")) return b;
  std::vector<Index> dims(b.shape().begin(), b.shape().end());
  const auto behind = static_cast<std::size_t>(c[0].rank() - c.axis(0) - b.rank());
  dims.insert(dims.end(), behind, 1);
  return reshape(b, to_shape(dims));
}

template <Var (*f)(Arg, Arg)>
Values binary(const Call& c) {
  return c.like(f(c[0], second_operand(c)));
}

template <Var (*f)(Arg, Arg)>
Values compare(const Call& c) {
  return Call::of(f(c[0], second_operand(c)), ElementType::boolean);
}

template <Var (*f)(Arg)>
Values test(const Call& c) {
  return Call::of(f(c[0]), ElementType::boolean);
}

template <Var (*f)(Arg, Arg)>
Var folded(const Call& c) {
  Var result = c[0];
  for (std::size_t i = 1; i < c.size(); ++i) result = f(result, c[i]);
  return result;
}

template <Var (*f)(Arg, Arg)>
Values variadic_fold(const Call& c) {
  return c.like(folded<f>(c));
}

Values mean_of_operands(const Call& c) {
  return c.like(folded<add>(c) / static_cast<double>(c.size()));
}

Values divide(const Call& c) {
  const Var quotient = c[0] / second_operand(c);
  return c.like(is_real(c.type()) ? quotient : trunc(quotient));
}

Values power(const Call& c) {
  const Var result = pow(c[0], second_operand(c));
  return c.like(is_real(c.type()) ? result : trunc(result));
}

Values modulo(const Call& c) {
  return c.like(c.integer("fmod", 0) != 0 ? fmod(c[0], c[1]) : remainder(c[0], c[1]));
}

Values clip(const Call& c) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double low = c.has(1) ? c.number(1) : c.number("min", -infinity);
  const double high = c.has(2) ? c.number(2) : c.number("max", infinity);
  return c.like(clamp(c[0], low, high));
}

Values hard_sigmoid(const Call& c) {
  return c.like(clamp(c.number("alpha", 0.2) * c[0] + c.number("beta", 0.5), 0, 1));
}

Values selu_like(const Call& c) {
  if (!c.has("alpha")) return c.like(selu(c[0]));
  return c.like(c.number("gamma", 1) * elu(c[0], c.number("alpha", 1)));
}

Values shrink(const Call& c) {
  const Var x = c[0];
  const double limit = c.number("lambd", 0.5), bias = c.number("bias", 0);
  if (bias == 0) return c.like(hardshrink(x, limit));
  if (bias == limit) return c.like(softshrink(x, limit));
  return c.like(where(less(x, -limit), x + bias, where(greater(x, limit), x - bias, 0)));
}

Values gelu_rule(const Call& c) {
  return c.like(c.text("approximate", "none") == "tanh" ? gelu_tanh(c[0]) : gelu(c[0]));
}

/// Before opset 7 slopes lay along the channels; since then they broadcast.
Values prelu_rule(const Call& c) { return c.like(prelu(c[0], c[1], c.opset() < 7 ? 1 : -1)); }

Values is_infinite(const Call& c) {
  const Var x = c[0];
  Var result = is_inf(x);
  if (c.integer("detect_negative", 1) == 0) result = result * greater(x, 0);
  if (c.integer("detect_positive", 1) == 0) result = result * less(x, 0);
  return Call::of(result, ElementType::boolean);
}

Var converted(Var x, ElementType from, ElementType to) {
  if (to == ElementType::boolean) return not_equal(x, 0);
  if (is_real(to) || !is_real(from)) return x;
  return trunc(x);
}

Values cast(const Call& c) {
  const auto to = static_cast<ElementType>(c.integer("to", 1));
  return Call::of(converted(c[0], c.type(), to), to);
}
Values cast_like(const Call& c) {
  return Call::of(converted(c[0], c.type(), c.type(1)), c.type(1));
}

/// What NumPy's legacy generator draws: two words of the Mersenne twister for each number.
std::vector<double> numpy_uniform(std::uint32_t seed, std::size_t count) {
  std::mt19937 twister(seed);
  std::vector<double> values(count);
  for (double& v : values) {
    const double high = static_cast<double>(twister() >> 5),
                 low = static_cast<double>(twister() >> 6);
    v = (high * 0x1p26 + low) * 0x1p-53;
  }
  return values;
}

/// The expected masks were drawn with NumPy and the seed 0.
Values dropout_rule(const Call& c) {
  const Var x = c[0];
  const bool training = c.has(2) && c.integer(2) != 0;
  const double ratio = c.has(1) ? c.number(1) : c.number("ratio", 0.5);
  Tensor mask(x.shape());
  std::ranges::fill(mask.data<double>(), 1.0);
  if (training && ratio > 0) {
    const auto drawn = numpy_uniform(static_cast<std::uint32_t>(c.integer("seed", 0)),
                                     static_cast<std::size_t>(x.size()));
    std::ranges::transform(drawn, mask.data<double>().begin(),
                           [&](double u) { return u >= ratio ? 1.0 : 0.0; });
  }
  const Var kept = c.tape().constant(mask);
  const Var y = training ? x * kept / (1 - ratio) : x;
  return {{y, c.type()}, {kept, ElementType::boolean}};
}

constexpr NamedRule rules[]{
    {"Abs", unary<abs>},
    {"Acos", unary<acos>},
    {"Acosh", unary<acosh>},
    {"Add", binary<add>},
    {"And", compare<mul>},
    {"Asin", unary<asin>},
    {"Asinh", unary<asinh>},
    {"Atan", unary<atan>},
    {"Atanh", unary<atanh>},
    {"Cast", cast},
    {"CastLike", cast_like},
    {"Ceil", unary<ceil>},
    {"Celu", [](const Call& c) { return c.like(celu(c[0], c.number("alpha", 1))); }},
    {"Clip", clip},
    {"Cos", unary<cos>},
    {"Cosh", unary<cosh>},
    {"Div", divide},
    {"Dropout", dropout_rule},
    {"Elu", [](const Call& c) { return c.like(elu(c[0], c.number("alpha", 1))); }},
    {"Equal", compare<equal>},
    {"Erf", unary<erf>},
    {"Exp", unary<exp>},
    {"Floor", unary<floor>},
    {"Gelu", gelu_rule},
    {"Greater", compare<greater>},
    {"GreaterOrEqual", compare<greater_equal>},
    {"HardSigmoid", hard_sigmoid},
    {"HardSwish", unary<hardswish>},
    {"IsInf", is_infinite},
    {"IsNaN", test<is_nan>},
    {"LeakyRelu", [](const Call& c) { return c.like(leaky_relu(c[0], c.number("alpha", 0.01))); }},
    {"Less", compare<less>},
    {"LessOrEqual", compare<less_equal>},
    {"Log", unary<log>},
    {"Max", variadic_fold<maximum>},
    {"Mean", mean_of_operands},
    {"Min", variadic_fold<minimum>},
    {"Mish", unary<mish>},
    {"Mod", modulo},
    {"Mul", binary<mul>},
    {"Neg", unary<neg>},
    {"Not", [](const Call& c) { return c.like(equal(c[0], 0)); }},
    {"Or", compare<maximum>},
    {"PRelu", prelu_rule},
    {"Pow", power},
    {"Reciprocal", unary<reciprocal>},
    {"Relu", unary<relu>},
    {"Round", unary<round>},
    {"Selu", selu_like},
    {"Shrink", shrink},
    {"Sigmoid", unary<sigmoid>},
    {"Sign", unary<sign>},
    {"Sin", unary<sin>},
    {"Sinh", unary<sinh>},
    {"Softplus", unary<softplus>},
    {"Softsign", unary<softsign>},
    {"Sqrt", unary<sqrt>},
    {"Sub", binary<sub>},
    {"Sum", variadic_fold<add>},
    {"Tan", unary<tan>},
    {"Tanh", unary<tanh>},
    {"ThresholdedRelu",
     [](const Call& c) { return c.like(threshold(c[0], c.number("alpha", 1), 0)); }},
    {"Where", [](const Call& c) { return Call::of(where(c[0], c[1], c[2]), c.type(1)); }},
    {"Xor", compare<not_equal>},
};

}  // namespace

std::span<const NamedRule> elementwise_rules() { return rules; }

}  // namespace dtheta::onnx_tests
