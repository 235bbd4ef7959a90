#include "autodiff/ops/linalg/solve.hpp"

#include <fmt/format.h>

#include <cmath>

#include <Eigen/LU>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/cofactors.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

template <class T>
using Lu = Eigen::PartialPivLU<detail::Matrix<T>>;

/// The first pivot that is zero, or no larger than the rounding of the products it was computed
/// from; -1 if there is none. A matrix with such a pivot is within rounding, element by element, of
/// a singular one (Higham, Accuracy and Stability of Numerical Algorithms, section 9.3), whatever
/// the scales of its rows and columns.
template <class T>
Index lost_pivot(const Lu<T>& lu) {
  using std::abs;
  const auto& m = lu.matrixLU();
  using Real = typename Eigen::NumTraits<T>::Real;
  for (Eigen::Index k = 0; k < m.rows(); ++k) {
    Real terms(0);
    for (Eigen::Index j = 0; j < k; ++j) terms += abs(m(k, j)) * abs(m(j, k));
    if (abs(m(k, k)) <= terms * std::numeric_limits<Real>::epsilon()) return k;
  }
  return -1;
}

/// Factorizes one matrix of a batch. Throws SingularMatrixError naming `op`.
template <class T>
Lu<T> factorize(std::string_view op, const T* a, const Shape& shape, Index batch) {
  const Index n = shape[shape.rank() - 1];
  Lu<T> lu(detail::ConstMatrixView<T>(a + batch * n * n, n, n));
  if (const Index k = lost_pivot(lu); k >= 0) {
    throw SingularMatrixError(
        fmt::format("{}: matrix {} of {} is singular: pivot {} of its LU factorization is 0 to "
                    "working precision",
                    op, batch, to_string(shape), k));
  }
  return lu;
}

/// What the ops of one square matrix share.
template <class Self>
struct OfSquare {
  friend constexpr bool operator==(const OfSquare&, const OfSquare&) = default;
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(Self::info.name, in);
    detail::require_square(Self::info.name, in[0].shape);
    return {Self::result(in[0].shape), Kind::real};
  }
  static std::vector<Sample<Self>> samples() {
    std::vector<Sample<Self>> list;
    int seed = 0;
    for (const Shape& s : {Shape{1, 1}, Shape{2, 2}, Shape{2, 2}, Shape{3, 3}, Shape{3, 3},
                           Shape{4, 4}, Shape{2, 2, 2}, Shape{2, 1, 3, 3}, Shape{1, 2, 2}}) {
      list.push_back({Self{}, {given(s, detail::test_matrices(s, seed++))}});
    }
    list.push_back({Self{}, {given({2, 2}, {0, 2, -1, 0})}});  // pivots need rows exchanged
    list.push_back({Self{}, {given({3, 3}, {0, 0, 1, 1, 0, 0, 0, 1, 0})}});
    list.push_back({Self{}, {given({2, 2}, {4, 1, 2, -3})}});
    list.push_back({Self{}, {real({0, 0})}});
    list.push_back({Self{}, {real({0, 2, 2})}});
    return list;
  }
};

struct Inverse : OfSquare<Inverse> {
  std::string_view caller = "inverse";  // whom to name when the matrix is singular
  friend constexpr bool operator==(const Inverse&, const Inverse&) = default;

  static constexpr OpInfo info{.name = "inverse", .analytic = true};
  static constexpr OpRule rule{"Y = A^-1", "dY = -Y dA Y", "det(A) not 0"};
  static Shape result(const Shape& s) { return s; }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (n == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      detail::MatrixView<T>(call.output() + b * n * n, n, n) =
          factorize(caller, call.input(0), s, b).inverse();
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    return -matmul(matmul(p.out, c, true, false), p.out, false, true);
  }
  [[nodiscard]] static Var jvp(const Primal& p, std::span<const Var> t) {
    return -matmul(matmul(p.out, t[0]), p.out);
  }
};

/// v (..., ) as (..., 1, 1)
Var as_matrices(Var v) { return expand_dims(expand_dims(v, -1), -1); }

/// The cofactors are det(A) A^-T if A has an inverse.
struct Det : OfSquare<Det> {
  static constexpr OpInfo info{.name = "det", .analytic = true};
  static constexpr OpRule rule{"y = det(A)", "dy = sum(cof(A) dA)"};
  static Shape result(const Shape& s) { return detail::batch_of(s); }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    for (Index b = 0; b < call.out_shape().size(); ++b) {
      const detail::ConstMatrixView<T> a(call.input(0) + b * n * n, n, n);
      call.output()[b] = n == 0 ? T(1) : Lu<T>(a).determinant();
    }
  }
  static std::vector<Sample<Det>> samples() {
    std::vector<Sample<Det>> list = OfSquare<Det>::samples();
    // Without an inverse, or nearly: the derivatives are those of a polynomial all the same.
    list.push_back({{}, {given({2, 2}, {1, 2, 2, 4})}});
    list.push_back({{}, {given({2, 2}, {1, 1, 1, 1 + 0x1p-40})}});
    list.push_back({{}, {given({2, 2}, {0, 0, 0, 0})}});
    list.push_back({{}, {given({3, 3}, {1, 2, 3, 2, 4, 6, 0, 1, 1})}});
    list.push_back({{}, {given({3, 3}, {1, 2, 3, 2, 4, 6, 3, 6, 9})}});
    list.push_back({{}, {given({2, 2, 2}, {1, 2, 2, 4, 2, 1, 0, 3})}});
    return list;
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    return as_matrices(c) * detail::cofactors(p[0]);
  }
};

struct SignLogDet : OfSquare<SignLogDet> {
  static constexpr OpInfo info{.name = "slogdet"};
  static constexpr OpRule rule{"y = (sign, log(abs(det(A)))) along a new last axis",
                               "dy = (0, tr(A^-1 dA))", "det(A) not 0"};
  static Shape result(const Shape& s) {
    const Shape batch = detail::batch_of(s);
    const Index two = 2;
    return detail::replaced(batch, batch.rank(), 0, std::span(&two, 1));
  }
  template <class T>
  void forward(const Call<T>& call) const {
    using std::abs, std::log;
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    for (Index b = 0; b < call.out_shape().size() / 2; ++b) {
      T sign(1), logarithm(0);
      if (n > 0) {
        const Lu<T> lu(detail::ConstMatrixView<T>(call.input(0) + b * n * n, n, n));
        sign = T(lu.permutationP().determinant());
        for (Index k = 0; k < n; ++k) {
          const T pivot = lu.matrixLU()(k, k);
          sign = pivot == T(0) ? T(0) : pivot < T(0) ? -sign : sign;
          logarithm += log(abs(pivot));
        }
      }
      call.output()[2 * b] = sign;
      call.output()[2 * b + 1] = logarithm;
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    return as_matrices(select(c, -1, 1)) * detail::transposed(detail::inverse_for("slogdet", p[0]));
  }
};

struct Solve {
  bool transpose = false;  // A^T X = B
  friend constexpr bool operator==(const Solve&, const Solve&) = default;

  static constexpr OpInfo info{.name = "solve", .arity = 2, .analytic = true};
  static constexpr OpRule rule{"Y = A^-1 B", "dY = A^-1 (dB - dA Y)", "det(A) not 0"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &a = in[0].shape, &b = in[1].shape;
    detail::require_real(info.name, in);
    detail::require_square(info.name, a);
    detail::require_matrix(info.name, b);
    const Index n = a[a.rank() - 1], rows = b[b.rank() - 2];
    if (n != rows || detail::batch_of(a) != detail::batch_of(b)) {
      throw ShapeError(fmt::format("solve: A {} and B {} do not fit: {} rows, {} are needed",
                                   to_string(a), to_string(b), rows, n));
    }
    return in[1];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape &a = call.shape(0), &b = call.shape(1);
    const Index n = a[a.rank() - 1], k = b[b.rank() - 1];
    if (b.size() == 0) return;
    for (Index i = 0; i < b.size() / (n * k); ++i) {
      const Lu<T> lu = factorize(info.name, call.input(0), a, i);
      const detail::ConstMatrixView<T> right(call.input(1) + i * n * k, n, k);
      detail::MatrixView<T> out(call.output() + i * n * k, n, k);
      if (transpose)
        out = lu.transpose().solve(right);
      else
        out = lu.solve(right);
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    const Var g = apply(Solve{!transpose}, {p[0], c});
    if (i == 1) return g;
    return -(transpose ? matmul(p.out, g, false, true) : matmul(g, p.out, false, true));
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> t) const {
    Var right = t[1];
    if (t[0].exists()) {
      const Var moved = -matmul(t[0], p.out, transpose, false);
      right = right.exists() ? right + moved : moved;
    }
    return apply(*this, {p[0], right});
  }
  static std::vector<Sample<Solve>> samples() {
    std::vector<Sample<Solve>> list;
    for (bool transpose : {false, true}) {
      int seed = 0;
      for (const auto& [a, b] : {std::pair{Shape{1, 1}, Shape{1, 1}},
                                 {{2, 2}, {2, 1}},
                                 {{2, 2}, {2, 3}},
                                 {{3, 3}, {3, 2}},
                                 {{2, 2, 2}, {2, 2, 1}},
                                 {{1, 3, 3}, {1, 3, 2}},
                                 {{0, 2, 2}, {0, 2, 1}},
                                 {{2, 2}, {2, 0}}}) {
        list.push_back({{transpose}, {given(a, detail::test_matrices(a, seed++)), real(b)}});
      }
      list.push_back({{transpose}, {given({2, 2}, {0, 2, -1, 0}), real({2, 2})}});
    }
    return list;
  }
};

}  // namespace

namespace detail {

Var inverse_for(std::string_view caller, Var a) {
  Inverse op;
  op.caller = caller;
  return apply(op, {a});
}

}  // namespace detail

Var inverse(Arg a) { return apply(Inverse{}, {a}); }
Var det(Arg a) { return apply(Det{}, {a}); }

SlogDet slogdet(Arg a) {
  const Arg both(apply(SignLogDet{}, {a}), a.at());
  return {select(both, -1, 0), select(both, -1, 1)};
}

Var solve(Arg a, Arg b) {
  const Shape &left = a.var().shape(), &right = b.var().shape();
  detail::require_square("solve", left);
  if (right.rank() == 0) throw ShapeError("solve: B () has no axes, at least 1 is needed");
  if (right.rank() == 1) {
    return squeeze(Arg(solve(a, Arg(expand_dims(b, 1), b.at())), a.at()), -1);
  }
  const Shape batch = broadcast("solve", detail::batch_of(left), detail::batch_of(right));
  const auto widened = [&](Arg x, Shape s) {
    return Arg(broadcast_to(x, detail::with_matrix(batch, s[s.rank() - 2], s[s.rank() - 1])),
               x.at());
  };
  return apply(Solve{}, {widened(a, left), widened(b, right)});
}

Var solve_right(Arg a, Arg b) {
  const Shape &left = a.var().shape(), &right = b.var().shape();
  detail::require_square("solve_right", left);
  const Index n = left[left.rank() - 1];
  if (right.rank() == 0 || right[right.rank() - 1] != n) {
    throw ShapeError(fmt::format("solve_right: A {} and B {} do not fit: B needs {} columns",
                                 to_string(left), to_string(right), n));
  }
  const Arg turned(detail::transposed(a.var()), a.at());
  if (right.rank() == 1) return solve(turned, b);
  return detail::transposed(solve(turned, Arg(detail::transposed(b.var()), b.at())));
}

std::span<const OpEntry> solve_ops() { return OpList<Inverse, Det, SignLogDet, Solve>::entries; }

}  // namespace dtheta
