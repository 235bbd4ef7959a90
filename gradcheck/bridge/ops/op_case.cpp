#include "gradcheck/bridge/ops/op_case.hpp"

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "gradcheck/bridge/ops/wide_difference.hpp"

namespace dtheta::gradcheck {
namespace {

/// FNV-1a: a fixed function of the text, unlike std::hash.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325U;
  for (char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  return h;
}

/// Values of both signs, away from zero, so that no entry goes unseen.
Tensor signed_values(const Shape& shape, std::uint64_t seed) {
  Tensor t = materialize(real(shape, {-1, 1}), seed);
  for (double& v : t.data<double>()) v += v < 0 ? -0.25 : 0.25;
  return t;
}

Tensor direction_at(const Tensor& x, std::uint64_t seed) {
  Tensor v = signed_values(x.shape(), seed);
  const Tensor at = x.to(DType::float64);
  for (std::size_t i = 0; i < v.data<double>().size(); ++i) {
    v.data<double>()[i] *= static_cast<double>(step_for(at.data<double>()[i]) / Quad(wide_step));
  }
  return v;
}

Var total_product(std::span<const Var> a, std::span<const Var> b) {
  Var total;
  for (std::size_t k = 0; k < a.size(); ++k) {
    const Var term = sum(a[k] * b[k]);
    total = total.exists() ? total + term : term;
  }
  return total;
}

}  // namespace

OpCase::OpCase(const OpRecord& op, const SampleCase& sample, std::size_t number, DType precision)
    : tape(std::make_unique<Tape>(precision)) {
  const std::uint64_t seed = hash_of(op.info.name) + 1000 * number;
  std::vector<Arg> args;
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const SampleInput& input = sample.inputs[i];
    operands.push_back(tape->leaf(materialize(input, seed + i)));
    args.emplace_back(operands.back());
    if (input.kind == Kind::real && input.differentiable) {
      differentiated.push_back(operands.back());
    }
    shapes += (i == 0 ? "" : " x ") + to_string(input.shape);
  }
  y = apply(op, sample.op.get(), args);
  has_derivative = op.info.differentiable && !y.is_index() && !differentiated.empty();
  if (!has_derivative) return;

  cotangent = tape->leaf(signed_values(y.shape(), seed + 100), "cotangent");
  cost = sum(cotangent * y);
  gradient = vjp(std::span(&y, 1), std::span(&cotangent, 1), differentiated);

  for (std::size_t k = 0; k < differentiated.size(); ++k) {
    directions.push_back(tape->leaf(direction_at(differentiated[k].value(), seed + 200 + k)));
  }
  directional = total_product(directions, gradient);
  moved = differentiated;
  moved.push_back(cotangent);
  second = grad(directional, moved);

  const Var pushed = jvp(std::span(&y, 1), differentiated, directions).front();
  forward_directional = sum(cotangent * pushed);
}

std::vector<Var> OpCase::everything() const {
  std::vector<Var> all{y};
  if (!has_derivative) return all;
  all.insert(all.end(), gradient.begin(), gradient.end());
  all.insert(all.end(), second.begin(), second.end());
  all.insert(all.end(), {cost, directional, forward_directional});
  return all;
}

}  // namespace dtheta::gradcheck
