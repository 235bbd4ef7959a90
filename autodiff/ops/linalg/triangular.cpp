#include "autodiff/ops/linalg/triangular.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <Eigen/Cholesky>

#include "autodiff/kernels/eigen.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

constexpr std::string_view triangular_name = "solve_triangular";

struct SolveTriangular {
  bool upper = false;
  bool transpose = false;
  bool unit_diagonal = false;
  std::string_view caller = triangular_name;  // whom to name when the matrix is singular
  friend constexpr bool operator==(const SolveTriangular&, const SolveTriangular&) = default;

  static constexpr OpInfo info{.name = triangular_name, .arity = 2, .analytic = true};
  static constexpr OpRule rule{"Y = A^-1 B, A a triangle",
                               "dY = A^-1 (dB - dA Y), dA with that triangle",
                               "no 0 on the diagonal"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &a = in[0].shape, &b = in[1].shape;
    detail::require_real(info.name, in);
    detail::require_square(info.name, a);
    detail::require_matrix(info.name, b);
    const Index n = a[a.rank() - 1], rows = b[b.rank() - 2];
    if (n != rows || detail::batch_of(a) != detail::batch_of(b)) {
      throw ShapeError(
          fmt::format("solve_triangular: A {} and B {} do not fit: {} rows, {} are needed",
                      to_string(a), to_string(b), rows, n));
    }
    return in[1];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape &a = call.shape(0), &b = call.shape(1);
    const Index n = a[a.rank() - 1], k = b[b.rank() - 1];
    std::copy_n(call.input(1), b.size(), call.output());
    if (b.size() == 0) return;
    for (Index i = 0; i < b.size() / (n * k); ++i) {
      const detail::ConstMatrixView<T> matrix(call.input(0) + i * n * n, n, n);
      if (!unit_diagonal) require_regular(matrix, a, i);
      detail::MatrixView<T> x(call.output() + i * n * k, n, k);
      if (transpose)
        solve_in_place(matrix.transpose(), !upper, x);
      else
        solve_in_place(matrix, upper, x);
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    SolveTriangular adjoint = *this;
    adjoint.transpose = !transpose;
    const Var g = apply(adjoint, {p[0], c});
    if (i == 1) return g;
    const Var full = transpose ? matmul(p.out, g, false, true) : matmul(g, p.out, false, true);
    return -triangle(full);
  }
  [[nodiscard]] Var jvp(const Primal& p, std::span<const Var> t) const {
    Var right = t[1];
    if (t[0].exists()) {
      const Var moved = -matmul(triangle(t[0]), p.out, transpose, false);
      right = right.exists() ? right + moved : moved;
    }
    return apply(*this, {p[0], right});
  }
  static std::vector<Sample<SolveTriangular>> samples() {
    std::vector<Sample<SolveTriangular>> list;
    int seed = 0;
    for (bool upper : {false, true}) {
      for (bool transpose : {false, true}) {
        for (bool unit : {false, true}) {
          const SolveTriangular op{upper, transpose, unit};
          const auto add = [&](Shape a, Shape b) {
            list.push_back({op, {given(a, detail::test_matrices(a, seed++)), real(b)}});
          };
          add({3, 3}, {3, 2});
          add({2, 2, 2}, {2, 2, 1});
        }
      }
    }
    for (const auto& [a, b] : {std::pair{Shape{1, 1}, Shape{1, 3}},
                               {{4, 4}, {4, 1}},
                               {{0, 0}, {0, 2}},
                               {{0, 2, 2}, {0, 2, 1}},
                               {{2, 2}, {2, 0}}}) {
      list.push_back({{}, {given(a, detail::test_matrices(a, seed++)), real(b)}});
    }
    return list;
  }

 private:
  [[nodiscard]] Var triangle(Var m) const {
    return upper ? triu(m, unit_diagonal ? 1 : 0) : tril(m, unit_diagonal ? -1 : 0);
  }
  template <class A, class X>
  void solve_in_place(const A& a, bool is_upper, X& x) const {
    using namespace Eigen;
    if (is_upper && unit_diagonal)
      a.template triangularView<UnitUpper>().solveInPlace(x);
    else if (is_upper)
      a.template triangularView<Upper>().solveInPlace(x);
    else if (unit_diagonal)
      a.template triangularView<UnitLower>().solveInPlace(x);
    else
      a.template triangularView<Lower>().solveInPlace(x);
  }
  template <class View>
  void require_regular(const View& a, const Shape& shape, Index batch) const {
    using std::abs;
    using Real = typename Eigen::NumTraits<typename View::Scalar>::Real;
    Real least(0);
    if (caller != triangular_name) {
      least = Real(a.diagonal().cwiseAbs().maxCoeff()) * Real(static_cast<double>(a.rows())) *
              std::numeric_limits<Real>::epsilon();
    }
    for (Eigen::Index k = 0; k < a.rows(); ++k) {
      if (abs(a(k, k)) <= least) {
        throw SingularMatrixError(fmt::format(
            "{}: matrix {} of {} is singular: element {} of the diagonal is 0{}", caller, batch,
            to_string(shape), k, least > Real(0) ? " to working precision" : ""));
      }
    }
  }
};

/// Phi: the lower triangle, with half of the diagonal.
Var lower_half(Var x) { return (tril(x) + tril(x, -1)) * 0.5; }

/// The adjoint takes c to the symmetric part of L^-T Phi(L^T c) L^-1 (Murray, Differentiation of
/// the Cholesky decomposition, 2016).
struct Cholesky {
  friend constexpr bool operator==(const Cholesky&, const Cholesky&) = default;

  static constexpr OpInfo info{.name = "cholesky"};
  static constexpr OpRule rule{
      "A = L L^T, Y = L",
      "dL = L Phi(L^-1 dA L^-T), Phi the lower triangle with half of the diagonal",
      "A positive definite"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    detail::require_square(info.name, in[0].shape);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      const detail::ConstMatrixView<T> a(call.input(0) + b * n * n, n, n);
      const Eigen::LLT<detail::Matrix<T>> llt(detail::symmetric_part<T>(a));
      if (llt.info() != Eigen::Success) {
        throw NotPositiveDefiniteError(
            fmt::format("cholesky: matrix {} of {} is not positive definite", b, to_string(s)));
      }
      detail::MatrixView<T>(call.output() + b * n * n, n, n) = llt.matrixL();
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    const Triangular adjoint{.transpose = true};
    const Var half = lower_half(matmul(p.out, c, true, false));
    const Var left = solve_triangular(p.out, half, adjoint);
    return detail::symmetric_part(solve_triangular(p.out, detail::transposed(left), adjoint));
  }
  [[nodiscard]] static Var jvp(const Primal& p, std::span<const Var> t) {
    const Var left = solve_triangular(p.out, detail::symmetric_part(t[0]));
    return matmul(p.out, lower_half(solve_triangular(p.out, detail::transposed(left))));
  }
  static std::vector<Sample<Cholesky>> samples() {
    std::vector<Sample<Cholesky>> list;
    int seed = 0;
    for (const Shape& s : {Shape{1, 1}, Shape{2, 2}, Shape{2, 2}, Shape{3, 3}, Shape{3, 3},
                           Shape{4, 4}, Shape{2, 2, 2}, Shape{2, 1, 3, 3}, Shape{1, 2, 2}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed++, true))}});
    }
    list.push_back({{}, {given({2, 2}, {4, 2, 2, 5})}});
    list.push_back({{}, {given({2, 2}, {1, 0, 0, 1})}});
    list.push_back({{}, {given({1, 1}, {1e30})}});
    list.push_back({{}, {real({0, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }
};

}  // namespace

namespace detail {

Var solve_triangular_for(std::string_view caller, Var a, Var b, Triangular how) {
  return apply(SolveTriangular{how.upper, how.transpose, how.unit_diagonal, caller}, {a, b});
}

}  // namespace detail

Var solve_triangular(Arg a, Arg b, Triangular how) {
  const Shape &left = a.var().shape(), &right = b.var().shape();
  detail::require_square(triangular_name, left);
  if (right.rank() == 0) {
    throw ShapeError("solve_triangular: B () has no axes, at least 1 is needed");
  }
  if (right.rank() == 1) {
    const Arg column(expand_dims(b, 1), b.at());
    return squeeze(Arg(solve_triangular(a, column, how), a.at()), -1);
  }
  const Shape batch = broadcast(triangular_name, detail::batch_of(left), detail::batch_of(right));
  const auto widened = [&](Arg x, Shape s) {
    return Arg(broadcast_to(x, detail::with_matrix(batch, s[s.rank() - 2], s[s.rank() - 1])),
               x.at());
  };
  return apply(SolveTriangular{how.upper, how.transpose, how.unit_diagonal},
               {widened(a, left), widened(b, right)});
}

Var cholesky(Arg a, bool upper) {
  const Var lower = apply(Cholesky{}, {a});
  return upper ? detail::transposed(lower) : lower;
}

std::span<const OpEntry> triangular_ops() { return OpList<SolveTriangular, Cholesky>::entries; }

}  // namespace dtheta
