#pragma once

#include <algorithm>
#include <cstddef>

/// Products of matrices: that fit caches, and, where blocks_suit(), of any size.
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

/// How long rows may be for a product to take no longer than by the next kernel, with the registers of this
/// machine: those of B by multiply(), those of both operands where A is transposed, and those of such an A
/// by multiply_packed().
struct LongestRows {
  std::size_t in_place, in_place_transposed, packed_transposed;
};
[[nodiscard]] LongestRows longest_rows();

/// The same for products of some size: parts of B are copied first, so that the rows of many tiles
/// of C find them in order, and sums are made from blocks of k, one added to the other. k > 0.
void multiply_packed(const Product<float>& p);
void multiply_packed(const Product<double>& p);

/// What multiply_blocked() copies: so many elements of k at a time, of so many rows of A at most, and of
/// some panels of B.
template <class T>
inline constexpr std::size_t block_depth = 384 * sizeof(float) / sizeof(T);
inline constexpr std::size_t left_rows = 2048, panels_at_once = 4;
/// Elements of work that it needs, at a multiple of 64 bytes.
template <class T>
[[nodiscard]] std::size_t blocked_work(const Product<T>& p) {
  constexpr std::size_t widest_panel = 48, behind = 8;
  return block_depth<T> * (panels_at_once * widest_panel + std::min(p.m, left_rows)) + behind;
}
/// The same for products that fit no cache. k > 0. An element has the same bits whatever the rows and
/// columns of C that are computed with it.
void multiply_blocked(const Product<float>& p, float* work);
void multiply_blocked(const Product<double>& p, double* work);
/// Whether that takes no longer than OpenBLAS on this machine: where AVX2 or AVX-512 is.
[[nodiscard]] bool blocks_suit();

}  // namespace dtheta::simd
