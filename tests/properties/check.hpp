#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "autodiff/tensor.hpp"

namespace dtheta::properties {

/// Equal shape, dtype and bits.
inline bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.bytes(), b.bytes(),
                     static_cast<std::size_t>(a.size()) * size_of(a.dtype())) == 0;
}

/// The largest size of an element.
inline double largest(const Tensor& t) {
  double result = 0;
  for (double v : t.data<double>()) result = std::max(result, std::abs(v));
  return result;
}

/// Whether a property holds of 1000 random inputs, or of as many and with the seed that RC_PARAMS
/// says. Prints a counterexample.
template <class Property>
bool holds(const char* what, Property property) {
  setenv("RC_PARAMS", "seed=20240607 max_success=1000", 0);
  return rc::check(what, property);
}

}  // namespace dtheta::properties
