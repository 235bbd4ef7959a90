#include "nn/layers/norm/weight_norm.hpp"

#include <cmath>
#include <vector>

#include "autodiff/ops/network/normalization.hpp"

namespace dtheta::nn::detail {
namespace {

Tensor norms(const Tensor& v, int axis) {
  const Shape& shape = v.shape();
  std::vector<Index> dims(static_cast<std::size_t>(shape.rank()), 1);
  dims[static_cast<std::size_t>(axis)] = shape[axis];
  Tensor result{Shape(dims)};
  const auto sums = result.data<double>();
  Index inner = 1;
  for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape[i];
  Index place = 0;
  for (const double x : v.data<double>()) {
    sums[static_cast<std::size_t>(place++ / inner % shape[axis])] += x * x;
  }
  for (double& s : sums) s = std::sqrt(s);
  return result;
}

}  // namespace

Parameter norms_of(const Parameter& v, int axis) {
  const int kept = normalize_axis("weight norm", axis, v.value.shape().rank());
  Parameter g = given("weight_g", norms(v.value, kept));
  // Of values that were given it has them already.
  if (v.init) g.follow = [kept](const Tensor& drawn) { return norms(drawn, kept); };
  g.pending = v.pending;
  return g;
}

Var with_norms(Var v, Var g, int axis) { return weight_norm(v, g, axis); }

}  // namespace dtheta::nn::detail
