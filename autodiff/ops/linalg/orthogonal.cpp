#include "autodiff/ops/linalg/orthogonal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include <Eigen/QR>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/lapack.hpp"
#include "autodiff/kernels/svd.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/scalar/real_attribute.hpp"

namespace dtheta {
namespace {

using detail::transposed;

/// Walter and Lehmann, Algorithmic differentiation of linear algebra functions, 2018. The result
/// holds Q in its first m rows and R^T below.
struct QrPacked {
  friend constexpr bool operator==(const QrPacked&, const QrPacked&) = default;

  static constexpr OpInfo info{.name = "qr"};
  static constexpr OpRule rule{
      "A = Q R, both in Y",
      "A receives (gQ + Q (tril(M) + tril(M, -1)^T)) R^-T with M = R gR^T - gQ^T Q",
      "independent columns"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& a = in[0].shape;
    detail::require_matrix(info.name, a);
    const Index m = a[a.rank() - 2], n = a[a.rank() - 1];
    return {detail::with_matrix(detail::batch_of(a), m + n, std::min(m, n)), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index m = s[s.rank() - 2], n = s[s.rank() - 1], k = std::min(m, n);
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (m * n); ++b) {
      const T* const from = call.input(0) + b * m * n;
      T* const to = call.output() + b * (m + n) * k;
      if constexpr (Vectorized<T>) {
        if (k >= detail::lapack_qr_from && detail::lapack_qr(from, m, n, to)) continue;
      }
      const detail::ConstMatrixView<T> a(from, m, n);
      detail::MatrixView<T> out(to, m + n, k);
      const Eigen::HouseholderQR<detail::Matrix<T>> qr(a);
      const detail::Vector<T> signs =
          qr.matrixQR().diagonal().unaryExpr([](const T& r) { return r < T(0) ? T(-1) : T(1); });
      detail::Matrix<T> q = detail::Matrix<T>::Identity(m, k);
      q.applyOnTheLeft(qr.householderQ());
      out.topRows(m) = q * signs.asDiagonal();
      const detail::Matrix<T> r = qr.matrixQR().topRows(k).template triangularView<Eigen::Upper>();
      out.bottomRows(n) = r.transpose() * signs.asDiagonal();
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    const Shape& s = p[0].shape();
    const Index m = s[s.rank() - 2], n = s[s.rank() - 1];
    const Var q = slice(p.out, -2, {0, m}), gq = slice(c, -2, {0, m});
    const Var rt = slice(p.out, -2, {m}), grt = slice(c, -2, {m});
    if (m >= n) return square_part(q, rt, gq, grt);
    // A = (X | Y), X = Q U, Y = Q V: what V receives goes to Y, and through V = Q^T Y to Q
    // (Roberts and Roberts, QR and LQ decomposition matrix backpropagation algorithms, 2020).
    const Var y = slice(p[0], -1, {m}), gvt = slice(grt, -2, {m});
    const Var gx =
        square_part(q, slice(rt, -2, {0, m}), gq + matmul(y, gvt), slice(grt, -2, {0, m}));
    const std::array parts{gx, matmul(q, gvt, false, true)};
    return concat(parts, -1);
  }
  static std::vector<Sample<QrPacked>> samples() {
    std::vector<Sample<QrPacked>> list;
    int seed = 0;
    for (const Shape& s :
         {Shape{1, 1}, Shape{2, 2}, Shape{3, 3}, Shape{3, 2}, Shape{2, 3}, Shape{4, 2}, Shape{2, 4},
          Shape{1, 3}, Shape{3, 1}, Shape{2, 2, 2}, Shape{2, 3, 2}, Shape{1, 2, 3}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed++))}});
    }
    list.push_back({{}, {given({2, 2}, {0, 2, -1, 0})}});
    list.push_back({{}, {real({0, 3})}});
    list.push_back({{}, {real({3, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }

 private:
  static Var square_part(Var q, Var rt, Var gq, Var grt) {
    // What R and what Q receives apart: beside the one the other may be rounded away.
    const auto symmetric = [](Var m) { return tril(m) + transposed(tril(m, -1)); };
    const Var from_r = matmul(q, symmetric(matmul(rt, grt, true, false)));
    const Var from_q = gq - matmul(q, symmetric(matmul(gq, q, true, false)));
    const auto solved = [&](Var right) {
      return transposed(
          detail::solve_triangular_for("qr", transposed(rt), transposed(right), {.upper = true}));
    };
    return solved(from_r) + solved(from_q);
  }
};

/// Golub and Pereyra, The differentiation of pseudo-inverses, 1973.
struct Pinv {
  static constexpr double automatic = -1;
  RealAttribute rcond = automatic;
  friend constexpr bool operator==(const Pinv&, const Pinv&) = default;

  static constexpr OpInfo info{.name = "pinv"};
  static constexpr OpRule rule{"P = the pseudo-inverse of A",
                               "dP = -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P",
                               "constant rank"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& a = in[0].shape;
    detail::require_matrix(info.name, a);
    return {detail::with_matrix(detail::batch_of(a), a[a.rank() - 1], a[a.rank() - 2]), Kind::real};
  }
  /// One decomposition, see detail::svd, and the two matrices whose product is the result.
  [[nodiscard]] std::size_t scratch(Types in) const {
    const Shape& a = in[0].shape;
    const Index m = a[a.rank() - 2], n = a[a.rank() - 1];
    return static_cast<std::size_t>(std::min(m, n) * (2 * (m + n) + 1));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index m = s[s.rank() - 2], n = s[s.rank() - 1];
    if (s.size() == 0) return;
    const T cut = rcond == automatic
                      ? T(static_cast<double>(std::max(m, n))) * std::numeric_limits<T>::epsilon()
                      : rcond.in<T>();
    const Index k = std::min(m, n), width = m + 1 + n;
    T *const vt = call.workspace() + k * width, *const ut = vt + k * n;
    for (Index b = 0; b < s.size() / (m * n); ++b) {
      const T* row = call.workspace();  // of u_i, s_i and v_i
      detail::svd(call.input(0) + b * m * n, m, n, call.workspace());
      const T least = cut * row[m];
      Index rank = 0;  // values decrease; NaN counts
      for (; rank < k && !(row[m] <= least); ++rank, row += width) {
        std::copy_n(row, m, ut + rank * m);
        for (Index i = 0; i < n; ++i) vt[rank * n + i] = row[m + 1 + i] / row[m];
      }
      T* out = call.output() + b * m * n;
      if (rank == 0)
        std::fill_n(out, m * n, T(0));
      else
        detail::gemm({.m = n, .n = m, .k = rank, .transpose_a = true}, vt, ut, out);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    const Var a = p[0], inverse = p.out;
    const Var mapped = matmul(c, inverse, true, false);                               // c^T P
    const Var left = matmul(mapped, inverse, false, true);                            // c^T P P^T
    const Var right = matmul(inverse, matmul(inverse, c, false, true), true, false);  // P^T P c^T
    return left - matmul(a, matmul(inverse, left)) + right - matmul(matmul(right, inverse), a) -
           matmul(matmul(inverse, c, true, false), inverse, false, true);
  }
  static std::vector<Sample<Pinv>> samples() {
    std::vector<Sample<Pinv>> list;
    int seed = 0;
    for (const Shape& s :
         {Shape{1, 1}, Shape{2, 2}, Shape{3, 3}, Shape{3, 2}, Shape{2, 3}, Shape{4, 2}, Shape{2, 4},
          Shape{1, 3}, Shape{3, 1}, Shape{2, 2, 2}, Shape{2, 3, 2}, Shape{1, 2, 3}}) {
      list.push_back(
          {{seed % 3 == 0 ? 1e-3 : automatic}, {given(s, detail::test_matrices(s, seed))}});
      ++seed;
    }
    list.push_back({{}, {real({0, 3})}});
    list.push_back({{}, {real({3, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }
};

}  // namespace

Qr qr(Arg a) {
  const Shape& s = a.var().shape();
  detail::require_matrix("qr", s);
  const Index m = s[s.rank() - 2];
  const Arg packed(apply(QrPacked{}, {a}), a.at());
  return {slice(packed, -2, {0, m}), transposed(slice(packed, -2, {m}))};
}

Var pinv(Arg a) { return apply(Pinv{}, {a}); }

Var pinv(Arg a, double rcond) {
  if (!(rcond >= 0)) {
    throw ValueError(fmt::format("pinv: rcond {} for {}: a number >= 0 is needed", rcond,
                                 to_string(a.var().shape())));
  }
  return apply(Pinv{rcond}, {a});
}

Var lstsq(Arg a, Arg b) {
  const Shape &left = a.var().shape(), &right = b.var().shape();
  detail::require_matrix("lstsq", left);
  const bool vector = right.rank() == 1;
  const int row_axis = right.rank() - (vector ? 1 : 2);
  if (row_axis < 0 || right[row_axis] != left[left.rank() - 2]) {
    throw ShapeError(fmt::format("lstsq: A {} and b {} do not fit: b needs {} rows",
                                 to_string(left), to_string(right), left[left.rank() - 2]));
  }
  if (vector) return squeeze(lstsq(a, Arg(expand_dims(b, 1), b.at())), -1);
  const Triangular upper{.upper = true}, upper_transposed{.upper = true, .transpose = true};
  if (left[left.rank() - 2] >= left[left.rank() - 1]) {
    const Qr f = qr(a);
    return solve_triangular(f.r, matmul(f.q, b, true, false), upper);
  }
  const Qr f = qr(Arg(transposed(a.var()), a.at()));
  return matmul(f.q, solve_triangular(f.r, b, upper_transposed));
}

std::span<const OpEntry> orthogonal_ops() { return OpList<QrPacked, Pinv>::entries; }

}  // namespace dtheta
