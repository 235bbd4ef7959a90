#pragma once

#include <cstddef>

/// Products of matrices that fit a second-level cache or so; larger ones are for BLAS.
namespace dtheta::simd {

/// C (m, n) = finish(added + factor A (m, k) . B (k, n)), where what is added and how it is
/// finished may be left out. C overlaps neither A nor B; `added` may be C itself.
template <class T>
struct Product {
  std::size_t m, n, k;
  const T* a;
  std::size_t a_row, a_column;  // elements from one row of A to the next, from one column
  const T* b;
  std::size_t b_stride;       // from one row to the next, as B is stored:
  bool b_transposed = false;  // as its transpose
  T* c;
  std::size_t c_stride;
  T factor = T(1);
  const T* added = nullptr;
  std::size_t added_stride = 0;  // 0: one row for all rows of C
  bool rectified = false;        // relu of the sum
  const T* gate = nullptr;       // relu_grad of the sum: 0 where this is not positive
  std::size_t gate_stride = 0;
};
/// Each element of C is one sum in order, times the factor, and then added to: so the bits are
/// those of the same steps one by one. They may differ between instruction sets.
void multiply(const Product<float>& p);
void multiply(const Product<double>& p);

/// The same for products of some size: parts of B are copied first, so that the rows of many tiles
/// of C find them in order, and sums are made from blocks of k, one added to the other. k > 0.
void multiply_packed(const Product<float>& p);
void multiply_packed(const Product<double>& p);

}  // namespace dtheta::simd
