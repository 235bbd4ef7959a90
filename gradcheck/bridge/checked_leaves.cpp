// The leaves of a cost as blocks of θ.
#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/tape_gradient.hpp"

namespace dtheta::gradcheck {
namespace {

std::vector<std::size_t> dims_of(const Shape& shape) { return {shape.begin(), shape.end()}; }

}  // namespace

ParameterVector parameters_of(std::span<const CheckedLeaf> leaves) {
  ParameterVector theta;
  for (const CheckedLeaf& l : leaves) {
    const Tensor value = l.leaf.value().to(DType::float64);
    theta.add(l.name, l.layer, dims_of(value.shape()), value.data<double>());
  }
  return theta;
}

std::vector<Var> vars_of(std::span<const CheckedLeaf> leaves) {
  std::vector<Var> vars;
  for (const CheckedLeaf& l : leaves) vars.push_back(l.leaf);
  return vars;
}

ParameterVector gradient_of(Var cost, std::span<const CheckedLeaf> leaves,
                            const ParameterVector& theta) {
  ParameterVector gradient = parameters_of(leaves);
  gradient.require_same_layout(theta);
  TapeGradient(cost, leaves).at(theta.values(), gradient.values());
  return gradient;
}

std::vector<CheckedLeaf> checked_leaves(std::span<const nn::RecordedParameter> parameters) {
  std::vector<CheckedLeaf> leaves;
  for (const nn::RecordedParameter& p : parameters) {
    leaves.push_back({p.name, static_cast<std::size_t>(p.layer), p.var});
  }
  return leaves;
}

}  // namespace dtheta::gradcheck
