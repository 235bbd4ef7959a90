#pragma once

#include <initializer_list>
#include <vector>

#include "autodiff/op_sample.hpp"

namespace dtheta::detail {

/// A list of samples of an elementwise op of one operand, and one more at each of the given points.
/// Each on its own: a large value beside a small one would hide it.
template <class O>
[[nodiscard]] std::vector<Sample<O>> also_at(std::initializer_list<double> points,
                                             std::vector<Sample<O>> list,
                                             Smoothness smoothness = Smoothness::smooth,
                                             const O& op = {}) {
  for (double x : points) list.push_back({op, {given({}, {x})}, smoothness});
  return list;
}

}  // namespace dtheta::detail
