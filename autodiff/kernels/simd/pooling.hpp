#pragma once

#include <cstddef>

/// Largest elements under windows, for float and double: the same bits on every instruction set,
/// and those of the plain loops in autodiff/kernels/pooling.hpp.
namespace dtheta::simd {

/// A window that moves over the rows and columns of a plane, inside it everywhere: no padding, no
/// dilation.
struct PlaneWindow {
  std::size_t in_columns = 0;
  std::size_t in_size = 0;  // elements of a plane
  std::size_t out_rows = 0, out_columns = 0;
  std::size_t size_rows = 1, size_columns = 1;
  std::size_t stride_rows = 1;
  std::size_t stride_columns = 1;  // 1 or 2
};

/// For each of `planes` planes, one behind the other, the largest element under each position of
/// the window; NaN where there is one.
void max_pool(const PlaneWindow& w, std::size_t planes, const float* x, float* out);
void max_pool(const PlaneWindow& w, std::size_t planes, const double* x, double* out);

/// The adjoint at x: c, given for each position, goes to the element that won there, the first one
/// among equals. Elements that win several times add up.
void max_pool_adjoint(const PlaneWindow& w, std::size_t planes, const float* c, const float* x,
                      float* out);
void max_pool_adjoint(const PlaneWindow& w, std::size_t planes, const double* c, const double* x,
                      double* out);

}  // namespace dtheta::simd
