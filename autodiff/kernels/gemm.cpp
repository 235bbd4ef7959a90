#include "autodiff/kernels/gemm.hpp"

#include <cblas.h>

#include <algorithm>
#include <cassert>

#include "autodiff/kernels/blas_setup.hpp"
#include "autodiff/kernels/simd/elementwise.hpp"
#include "autodiff/kernels/simd/product.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta::detail {
namespace {

/// Rows [row, row + rows) and columns [column, column + columns) of C.
struct Part {
  Index row, rows, column, columns;
};

/// What computes a product: by its size and factor alone, so that a part of it has the bits that
/// the whole would have.
enum class Method { in_place, packed, blocked, blas };

template <Vectorized T>
Method method_of(const Gemm& g, T factor) {
  constexpr Index cached = 1 << 20;  // bytes of A, which is read anew for every few columns
  constexpr Index few_rows = 16;     // not enough to be worth a copy of B
  constexpr Index few_columns = 96;  // for which all of A is read, but not worth a copy
  // BLAS leaves a product that is multiplied by 0 out, and with it what is not finite there.
  if (factor == T(0)) return Method::packed;
  if (g.m < 4 || g.n < 4) return Method::blas;
  if (g.m * g.k * Index{sizeof(T)} > cached) {
    if (g.m < few_rows || !simd::blocks_suit()) return Method::blas;
    return g.n > few_columns ? Method::blocked : Method::packed;
  }
  if (g.transpose_b) return Method::packed;
  const simd::LongestRows longest = simd::longest_rows();
  // A panel of a wide B would read some elements of each of many pages, a tile of a wide A^T likewise.
  const bool wide = g.n * g.k * Index{sizeof(T)} > 2 * cached ||
                    (g.transpose_a && g.m > static_cast<Index>(longest.packed_transposed));
  if (wide && g.m > few_rows && g.n > few_columns && simd::blocks_suit()) return Method::blocked;
  // Where rows are short the next one is near enough.
  const bool near = g.transpose_a
                        ? std::max(g.m, g.n) <= static_cast<Index>(longest.in_place_transposed)
                        : g.n <= static_cast<Index>(longest.in_place);
  return g.m <= few_rows || near ? Method::in_place : Method::packed;
}

template <Vectorized T>
simd::Product<T> product_of(const Gemm& g, const Finish<T>& finish, const T* a, const T* b, T* c) {
  const auto n = [](Index i) { return static_cast<std::size_t>(i); };
  return {.m = n(g.m),
          .n = n(g.n),
          .k = n(g.k),
          .a = a,
          .a_row = n(g.transpose_a ? 1 : g.k),
          .a_column = n(g.transpose_a ? g.m : 1),
          .b = b,
          .b_stride = n(g.transpose_b ? g.k : g.n),
          .b_transposed = g.transpose_b,
          .c = c,
          .c_stride = n(g.n),
          .factor = finish.factor,
          .added = g.accumulate ? c : finish.bias,
          .added_stride = n(g.accumulate ? g.n : 0),
          .rectified = finish.rectified,
          .gate = finish.gate,
          .gate_stride = n(g.n)};
}

/// The part of C of a product.
template <Vectorized T>
simd::Product<T> part_of(simd::Product<T> p, const Part& part) {
  const auto row = static_cast<std::size_t>(part.row),
             column = static_cast<std::size_t>(part.column);
  p.m = static_cast<std::size_t>(part.rows), p.n = static_cast<std::size_t>(part.columns);
  p.a += row * p.a_row;
  p.b += column * (p.b_transposed ? p.b_stride : 1);
  p.c += row * p.c_stride + column;
  if (p.added != nullptr) p.added += row * p.added_stride + column;
  if (p.gate != nullptr) p.gate += row * p.gate_stride + column;
  return p;
}

template <Scalar T>
void plain_gemm(const Gemm& g, const Finish<T>& finish, const T* a, const T* b, T* c) {
  const Index a_row = g.transpose_a ? 1 : g.k, a_col = g.transpose_a ? g.m : 1;
  const Index b_row = g.transpose_b ? 1 : g.n, b_col = g.transpose_b ? g.k : 1;
  for (Index i = 0; i < g.m; ++i) {
    for (Index j = 0; j < g.n; ++j) {
      T sum(0);
      for (Index p = 0; p < g.k; ++p) sum += a[i * a_row + p * a_col] * b[p * b_row + j * b_col];
      T& out = c[i * g.n + j];
      sum = finish.factor * sum;
      if (g.accumulate) sum = out + sum;
      if (finish.bias != nullptr) sum = finish.bias[j] + sum;
      if constexpr (RealScalar<T>) {
        if (finish.rectified && sum <= T(0)) sum = T(0);
        if (finish.gate != nullptr && !(finish.gate[i * g.n + j] > T(0))) sum = T(0);
      }
      out = sum;
    }
  }
}

template <Vectorized T>
void blas_gemm(const Gemm& g, const Part& part, const Finish<T>& finish, const T* a, const T* b,
               T* c) {
  const auto m = static_cast<blasint>(part.rows), n = static_cast<blasint>(part.columns),
             k = static_cast<blasint>(g.k);
  const CBLAS_TRANSPOSE ta = g.transpose_a ? CblasTrans : CblasNoTrans;
  const CBLAS_TRANSPOSE tb = g.transpose_b ? CblasTrans : CblasNoTrans;
  const auto lda = static_cast<blasint>(g.transpose_a ? g.m : g.k),
             ldb = static_cast<blasint>(g.transpose_b ? g.k : g.n), ldc = static_cast<blasint>(g.n);
  a += part.row * (g.transpose_a ? 1 : g.k);
  b += part.column * (g.transpose_b ? g.k : 1);
  c += part.row * g.n + part.column;
  const bool adds = g.accumulate || finish.bias != nullptr;
  if (finish.bias != nullptr) {
    for (Index i = 0; i < part.rows; ++i) {
      std::copy_n(finish.bias + part.column, part.columns, c + i * g.n);
    }
  }
  const T beta = adds ? T(1) : T(0);
  if constexpr (std::same_as<T, float>) {
    cblas_sgemm(CblasRowMajor, ta, tb, m, n, k, finish.factor, a, lda, b, ldb, beta, c, ldc);
  } else {
    cblas_dgemm(CblasRowMajor, ta, tb, m, n, k, finish.factor, a, lda, b, ldb, beta, c, ldc);
  }
  if (!finish.rectified && finish.gate == nullptr) return;
  // Rows that follow each other are one long one.
  const bool joined = part.columns == g.n;
  const Index runs = joined ? 1 : part.rows, length = joined ? part.rows * g.n : part.columns;
  for (Index i = 0; i < runs; ++i) {
    T* run = c + i * g.n;
    const auto count = static_cast<std::size_t>(length);
    if (finish.rectified) simd::relu(run, run, count);
    if (finish.gate == nullptr) continue;
    simd::relu_grad(run, finish.gate + (part.row + i) * g.n + part.column, run, count);
  }
}

/// Bytes for the copies that a large product is made from. Each thread keeps them for the next one, as
/// BLAS does, so that a run that is repeated allocates nothing and no page has to be cleared again.
std::byte* room_for_copies(std::size_t bytes) {
  thread_local AlignedBytes room;
  thread_local std::size_t size = 0;
  if (size < bytes) {
    size = 0;
    room.reset();
    room = allocate_aligned(bytes);
    size = bytes;
  }
  return room.get();
}

template <Vectorized T>
void blocked_gemm(const simd::Product<T>& p) {
  simd::multiply_blocked(p,
                         reinterpret_cast<T*>(room_for_copies(simd::blocked_work(p) * sizeof(T))));
}

template <Vectorized T>
void compute(Method method, const Gemm& g, const Part& part, const Finish<T>& finish, const T* a,
             const T* b, T* c) {
  switch (method) {
    case Method::in_place:
      return simd::multiply(part_of(product_of(g, finish, a, b, c), part));
    case Method::packed:
      return simd::multiply_packed(part_of(product_of(g, finish, a, b, c), part));
    case Method::blocked:
      return blocked_gemm(part_of(product_of(g, finish, a, b, c), part));
    case Method::blas:
      return blas_gemm(g, part, finish, a, b, c);
  }
}

/// Into how many parts threads share a product, by rows and by columns.
struct Cut {
  Index rows = 1, columns = 1;
  [[nodiscard]] Index parts() const { return rows * columns; }
};

/// By the size of a product alone: the kernels of BLAS sum an element in another order when it lies near
/// another edge, so another cut could give other bits. BLAS packs both operands anew for each part, so that
/// a few large ones lose the least (1024 x 1024 in eight parts by columns: 10 %, in four squares 3 %).
Cut cut_of(const Gemm& g) {
  constexpr Index worth_sharing = Index{1} << 19;  // multiplications: some 10 microseconds
  constexpr Index large = Index{1} << 28, huge = Index{1} << 32;
  const Index work = g.m * g.n * g.k;
  if (work < worth_sharing) return {};
  const bool long_rows = g.n > g.m;
  if (work < large) return long_rows ? Cut{1, 2} : Cut{2, 1};
  const Index most = work < huge ? 4 : 8;
  if (g.n >= 2 * g.m) return {1, most};
  if (g.m >= 2 * g.n) return {most, 1};
  return long_rows ? Cut{2, most / 2} : Cut{most / 2, 2};
}

/// A part for each thread, in a grid: each packs anew what it reads, and squares read least. Blocks have the
/// same bits whatever the cut.
Cut grid_of(const Gemm& g, unsigned threads) {
  const auto all = static_cast<Index>(threads);
  Index shorter = 1;
  for (Index i = 2; i * i <= all; ++i) {
    if (all % i == 0) shorter = i;
  }
  return g.n >= g.m ? Cut{shorter, all / shorter} : Cut{all / shorter, shorter};
}

template <Vectorized T>
void shared_gemm(Method method, const Gemm& g, const Finish<T>& finish, const T* a, const T* b,
                 T* c, const Parallel& parallel) {
  const Cut cut = method == Method::blocked ? grid_of(g, parallel.threads()) : cut_of(g);
  // On multiples of what fills registers, but for the end.
  const auto start = [](Index i, Index parts, Index length) {
    return i == parts ? length : std::min(length, (length * i / parts + 8) / 16 * 16);
  };
  parallel.for_each(static_cast<std::size_t>(cut.parts()), [&](std::size_t which) {
    const Index i = static_cast<Index>(which) / cut.columns,
                j = static_cast<Index>(which) % cut.columns;
    const Index row = start(i, cut.rows, g.m), column = start(j, cut.columns, g.n);
    const Part part{row, start(i + 1, cut.rows, g.m) - row, column,
                    start(j + 1, cut.columns, g.n) - column};
    if (part.rows > 0 && part.columns > 0) compute(method, g, part, finish, a, b, c);
  });
}

}  // namespace

template <Scalar T>
void gemm(const Gemm& g, const Finish<T>& finish, const T* a, const T* b, T* c,
          [[maybe_unused]] const Parallel* parallel) {
  assert(!g.accumulate || finish.bias == nullptr);
  if (g.m == 0 || g.n == 0) return;
  if constexpr (Vectorized<T>) {
    constexpr Index tiny = 512;  // multiplications: less than a call of anything else costs
    if (g.m * g.n * g.k <= tiny) return simd::multiply(product_of(g, finish, a, b, c));
    const Method method = method_of<T>(g, finish.factor);
    if (method == Method::blas) prepare_blas();
    if (parallel != nullptr && cut_of(g).parts() > 1)
      return shared_gemm(method, g, finish, a, b, c, *parallel);
    compute(method, g, {0, g.m, 0, g.n}, finish, a, b, c);
  } else {
    plain_gemm(g, finish, a, b, c);
  }
}

template void gemm(const Gemm&, const Finish<float>&, const float*, const float*, float*,
                   const Parallel*);
template void gemm(const Gemm&, const Finish<double>&, const double*, const double*, double*,
                   const Parallel*);
template void gemm(const Gemm&, const Finish<long double>&, const long double*, const long double*,
                   long double*, const Parallel*);
template void gemm(const Gemm&, const Finish<Quad>&, const Quad*, const Quad*, Quad*,
                   const Parallel*);
template void gemm(const Gemm&, const Finish<Complex>&, const Complex*, const Complex*, Complex*,
                   const Parallel*);

}  // namespace dtheta::detail
