#include "autodiff/dense_derivatives.hpp"

#include <array>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Element i of n: 1 there, 0 elsewhere.
Var unit(Tape& tape, const Shape& shape, std::size_t i) {
  Tensor one(shape);
  one.data<double>()[i] = 1;
  return tape.constant(one);
}

Shape behind(const Shape& a, const Shape& b) {
  std::vector<Index> dims(a.begin(), a.end());
  dims.insert(dims.end(), b.begin(), b.end());
  return Shape(std::span<const Index>(dims));
}

std::vector<Var> rows(Var y, Var x) {
  std::vector<Var> all;
  const std::array ys{y}, xs{x};
  for (std::size_t i = 0; i < static_cast<std::size_t>(y.size()); ++i) {
    const std::array cotangent{unit(y.tape(), y.shape(), i)};
    all.push_back(reshape(vjp(ys, cotangent, xs)[0], Shape{x.size()}));
  }
  return all;
}

std::vector<Var> columns(Var y, Var x) {
  std::vector<Var> all;
  const std::array ys{y}, xs{x};
  for (std::size_t j = 0; j < static_cast<std::size_t>(x.size()); ++j) {
    const std::array tangent{unit(x.tape(), x.shape(), j)};
    all.push_back(reshape(jvp(ys, xs, tangent)[0], Shape{y.size()}));
  }
  return all;
}

}  // namespace

Var jacobian(Var y, Var x) {
  const Shape shape = behind(y.shape(), x.shape());
  if (shape.size() == 0) return y.tape().constant(Tensor(shape));
  const bool by_columns = x.size() < y.size();
  const Var matrix = by_columns ? transpose(stack(columns(y, x))) : stack(rows(y, x));
  return reshape(matrix, shape);
}

Var hessian(Var y, Var x) { return jacobian(grad(y, x), x); }

}  // namespace dtheta
