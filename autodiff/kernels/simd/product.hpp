#pragma once

#include <cstddef>

/// Products of matrices that are too small to be worth the rearranging of a large product.
namespace dtheta::simd {

/// C (m, n) += A (m, k) . B (k, n), row-major with rows so many elements apart. C overlaps neither.
template <class T>
struct Product {
  std::size_t m, n, k;
  const T* a;
  std::size_t a_stride;
  const T* b;
  std::size_t b_stride;
  T* c;
  std::size_t c_stride;
};
/// Each element of C is one sum in order, to which the element itself is added last. Results may
/// differ in the last bits between instruction sets.
void add_product(const Product<float>& p);
void add_product(const Product<double>& p);

}  // namespace dtheta::simd
