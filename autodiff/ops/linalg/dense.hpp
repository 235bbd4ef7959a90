#pragma once

#include <algorithm>
#include <array>

#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::detail {

/// x W^T + b for x (..., in) and W (out, in), where b may be left out: one product over all rows.
inline Var dense(Arg x, Var w, Var b) {
  if (b.exists()) return affine(x, w, b);
  const Shape s = x.var().shape();
  std::array<Index, max_rank> dims{};
  std::ranges::copy(s, dims.begin());
  dims[static_cast<std::size_t>(s.rank() - 1)] = w.shape()[0];
  const Index in = w.shape()[1];
  const Var rows = reshape(x, Shape{in > 0 ? s.size() / in : 0, in});
  return reshape(matmul(Arg(rows, x.at()), w, false, true),
                 Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(s.rank()))));
}

}  // namespace dtheta::detail
