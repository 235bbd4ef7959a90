#include "gradient.hpp"

#include <algorithm>
#include <cmath>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/random.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "interpreter.hpp"

namespace dtheta::onnx_tests {
namespace {

/// Entries checked of one tensor: all up to 256, fewer where one evaluation is dear.
Index entries_of(Index size) { return std::min<Index>(size, size <= 20'000 ? 256 : 16); }

/// Elements to check of a large tensor, drawn at random: half of them from those with a derivative
/// that is not zero, which may be few.
std::vector<Index> drawn_places(const Tensor& gradient) {
  std::vector<Index> moving;
  for (Index i = 0; i < gradient.size(); ++i) {
    if (gradient.data<double>()[static_cast<std::size_t>(i)] != 0) moving.push_back(i);
  }
  std::vector<std::uint32_t> words(static_cast<std::size_t>(entries_of(gradient.size())));
  random_words({7, 0}, 0, 0, words);
  std::vector<Index> places;
  for (std::uint32_t w : words) {
    const bool any = places.size() % 2 == 0 || moving.empty();
    places.push_back(any ? static_cast<Index>(w) % gradient.size() : moving[w % moving.size()]);
  }
  return places;
}

/// The value plus a small leaf of zeros at some places: x + 0 has the bits of x, and a derivative
/// with respect to an entry of the leaf is one with respect to that element.
Var sampled_leaf(Tape& tape, const Data& data, std::vector<Var>& leaves, const Tensor& gradient) {
  const Index size = data.values.size(), entries = entries_of(size);
  if (entries == size) return plain_leaf(tape, data, leaves);
  const std::vector<Index> places = drawn_places(gradient);
  const Var at = tape.constant(Tensor(Shape{entries}, std::span<const Index>(places)));
  const Var moved = tape.leaf(Tensor(Shape{entries}), data.name);
  leaves.push_back(moved);
  return tape.constant(data.values) + reshape(scatter_add(moved, at, 0, size), data.values.shape());
}

/// Whether y depends on a leaf through ops that all have a derivative.
bool is_differentiable(Var y, std::span<const Var> leaves) {
  const Tape& tape = y.tape();
  std::vector<char> reaches(tape.size(), 0);
  for (Var leaf : leaves) reaches[leaf.index()] = 1;
  for (std::uint32_t i = 0; i <= y.index(); ++i) {
    const dtheta::Node& node = tape.node(i);
    if (node.op == nullptr || !node.op->info.differentiable) continue;
    for (std::uint32_t k : tape.inputs(i)) reaches[i] = static_cast<char>(reaches[i] | reaches[k]);
  }
  return reaches[y.index()] != 0;
}

bool is_finite(Var y) {
  return std::ranges::all_of(y.data<double>(), [](double v) { return std::isfinite(v); });
}

/// Values of both signs, away from zero, so that no entry goes unseen.
Var cotangent(Tape& tape, const Shape& shape, std::uint64_t seed) {
  Tensor c = materialize(real(shape, {-1, 1}), seed);
  for (double& v : c.data<double>()) v += v < 0 ? -0.25 : 0.25;
  return tape.constant(c);
}

/// The sum of sum(c y) over the outputs that can be differentiated; does not exist when none can.
Var cost_of(Tape& tape, const Recording& r) {
  Var cost;
  for (std::size_t i = 0; i < r.outputs.size(); ++i) {
    const Value& y = r.outputs[i];
    if (!is_real(y.type) || y.var.size() == 0 || !is_finite(y.var)) continue;
    if (!is_differentiable(y.var, r.leaves)) continue;
    const Var term = sum(cotangent(tape, y.var.shape(), i + 1) * y.var);
    cost = cost.exists() ? cost + term : term;
  }
  return cost;
}

}  // namespace

std::optional<gradcheck::Result> check_gradient(const Model& model,
                                                const std::vector<Data>& inputs) {
  Tape whole;
  const Recording all = record(whole, model, inputs);
  const Var cost_of_all = cost_of(whole, all);
  if (!cost_of_all.exists()) return std::nullopt;
  const std::vector<Var> gradient_of_all = grad(cost_of_all, all.leaves);

  Tape tape;
  const Recording r =
      record(tape, model, inputs, [&](Tape& t, const Data& data, std::vector<Var>& leaves) {
        return sampled_leaf(t, data, leaves, gradient_of_all[leaves.size()].value());
      });
  const Var cost = cost_of(tape, r);
  const Plan plan({cost});
  std::vector<gradcheck::CheckedLeaf> leaves;
  for (Var leaf : r.leaves) {
    if (leaf.size() == 0 || !plan.has_leaf(leaf)) continue;
    leaves.push_back({"input " + std::to_string(leaves.size()), 0, leaf});
  }
  if (leaves.empty()) return std::nullopt;
  const auto gradient = gradcheck::gradient_of(cost, leaves, gradcheck::parameters_of(leaves));
  // At the end of a domain, as for acosh at 1, no difference quotient can tell. (NaN is no slope.)
  if (std::ranges::any_of(gradient.values(), [](double g) { return std::isinf(g); })) {
    return std::nullopt;
  }
  gradcheck::NetworkOptions options;
  options.gradient = &gradient;
  return gradcheck::check_network(cost, leaves, options);
}

}  // namespace dtheta::onnx_tests
