#include "autodiff/ops/linalg/lu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::transposed;

constexpr Triangular unit_lower{.unit_diagonal = true};
constexpr Triangular unit_lower_transposed{.transpose = true, .unit_diagonal = true};

struct Sizes {
  Index m, n, k, batch;
  explicit Sizes(const Shape& a) : m(a[a.rank() - 2]), n(a[a.rank() - 1]), k(std::min(m, n)) {
    batch = m * n > 0 ? a.size() / (m * n) : 0;
  }
};

template <class T>
void exchange_rows(T* a, Index n, Index i, Index j) {
  if (i != j) std::swap_ranges(a + i * n, a + (i + 1) * n, a + j * n);
}

/// Takes row k times what it has of the pivot from each row below, which keeps the factor in place
/// of the zero. A column without a pivot has nothing to take.
template <class T>
void eliminate(T* a, Index m, Index n, Index k) {
  const T pivot = a[k * n + k];
  if (pivot == T(0)) return;
  for (Index i = k + 1; i < m; ++i) {
    T *row = a + i * n, factor = row[k] / pivot;
    row[k] = factor;
    for (Index j = k + 1; j < n; ++j) row[j] -= factor * a[k * n + j];
  }
}

/// The row with which each was exchanged: that of the largest element of its column, the first of
/// those that tie.
struct LuPivots {
  friend constexpr bool operator==(const LuPivots&, const LuPivots&) = default;

  static constexpr OpInfo info{.name = "lu_pivots", .differentiable = false};
  static constexpr OpRule rule{"y[k] = the row that was exchanged with row k"};
  [[nodiscard]] static ValueType infer(Types in) {
    const Shape& a = in[0].shape;
    detail::require_real("lu", in);
    detail::require_matrix("lu", a);
    return {detail::replaced(a, a.rank() - 2, 2, std::array{Sizes(a).k}), Kind::index};
  }
  [[nodiscard]] static std::size_t scratch(Types in) {
    const Sizes s(in[0].shape);
    return static_cast<std::size_t>(s.m * s.n);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    using std::abs;
    const Sizes s(call.shape(0));
    for (Index b = 0; b < s.batch; ++b) {
      T* a = call.workspace();
      std::copy_n(call.input(0) + b * s.m * s.n, s.m * s.n, a);
      for (Index k = 0; k < s.k; ++k) {
        Index best = k;
        for (Index i = k + 1; i < s.m; ++i) {
          if (abs(a[i * s.n + k]) > abs(a[best * s.n + k])) best = i;
        }
        call.index_output()[b * s.k + k] = best;
        exchange_rows(a, s.n, k, best);
        eliminate(a, s.m, s.n, k);
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<LuPivots>> samples() {
    std::vector<Sample<LuPivots>> list;
    for (const Shape& s : {Shape{1, 1}, Shape{3, 3}, Shape{2, 4}, Shape{4, 2}, Shape{2, 2, 2}}) {
      list.push_back({{}, {real(s)}});
    }
    list.push_back({{}, {given({2, 2}, {0, 2, -1, 0})}});
    return list;
  }
};

/// The permutation of the rows of P L U, from exchanges made one after the other.
struct LuPermutation {
  Index rows = 1;
  friend constexpr bool operator==(const LuPermutation&, const LuPermutation&) = default;

  static constexpr OpInfo info{.name = "lu_permutation", .differentiable = false};
  static constexpr OpRule rule{"y = the permutation of rows that exchanges make"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_indices(info.name, in[0]);
    const Shape& s = in[0].shape;
    return {detail::replaced(s, s.rank() - 1, 1, std::array{rows, rows}), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index k = s[s.rank() - 1], size = rows * rows;
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    std::vector<Index> order(static_cast<std::size_t>(rows));
    for (Index b = 0; size > 0 && b < call.out_shape().size() / size; ++b) {
      std::iota(order.begin(), order.end(), Index{0});
      for (Index i = 0; i < k; ++i) {
        const Index with = call.indices(0)[b * k + i];
        if (with < i || with >= rows) {
          throw ValueError(fmt::format("lu: pivot {} at position {} is not a row from {} to {}",
                                       with, i, i, rows - 1));
        }
        std::swap(order[static_cast<std::size_t>(i)], order[static_cast<std::size_t>(with)]);
      }
      for (Index i = 0; i < rows; ++i) {
        call.output()[b * size + order[static_cast<std::size_t>(i)] * rows + i] = T(1);
      }
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<LuPermutation>> samples() {
    return {{{3}, {index({3}, {2, 2, 2})}},
            {{3}, {index({2, 2}, {1, 2, 0, 1})}},
            {{1}, {index({1}, {0})}}};
  }
};

/// L of a square packed factorization.
Var square_l(Var packed) {
  const Shape& s = packed.shape();
  const Shape diagonal = detail::replaced(s, s.rank() - 2, 2, std::array{s[s.rank() - 1]});
  return tril(packed, -1) + diag_embed(broadcast_to(packed.tape().constant(1.0), diagonal));
}

/// For known exchanges of rows. With the cotangents gL of L and gU of U,
///   A receives P L^-T (tril(L^T gL - gU2 U2^T, -1) + triu(gU1 U1^T - L2^T gL2)) U1^-T
/// in its first min(m, n) rows and columns, where L2 are rows of L and U2 columns of U beyond them;
/// the rows beyond receive gL2 U1^-T and the columns L^-T gU2 (from A = P L U, block by block).
struct LuPacked {
  friend constexpr bool operator==(const LuPacked&, const LuPacked&) = default;

  static constexpr OpInfo info{.name = "lu", .arity = 2};
  static constexpr OpRule rule{
      "P^T A = L U, both in Y",
      "A receives P L^-T (tril(L^T gL, -1) + triu(gU U^T)) U^-T, if it is square",
      "leading minors not 0"};
  [[nodiscard]] static ValueType infer(Types in) {
    const Shape& a = in[0].shape;
    detail::require_real(info.name, in[0]);
    detail::require_matrix(info.name, a);
    detail::require_indices(info.name, in[1]);
    if (in[1].shape != detail::replaced(a, a.rank() - 2, 2, std::array{Sizes(a).k})) {
      throw ShapeError(
          fmt::format("lu: pivots {} do not fit {}", to_string(in[1].shape), to_string(a)));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Sizes s(call.shape(0));
    std::copy_n(call.input(0), call.out_shape().size(), call.output());
    for (Index b = 0; b < s.batch; ++b) {
      T* a = call.output() + b * s.m * s.n;
      for (Index k = 0; k < s.k; ++k) {
        exchange_rows(a, s.n, k, call.indices(1)[b * s.k + k]);
        eliminate(a, s.m, s.n, k);
      }
    }
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    if (i == 1) return {};
    const Sizes s(p[0].shape());
    if (p[0].size() == 0) return c;
    const Var permutation = apply(LuPermutation{s.m}, {p[1]});
    const Range first{0, s.k}, beyond{s.k};
    const auto rows = [](Var v, Range r) { return slice(v, -2, r); };
    const auto columns = [](Var v, Range r) { return slice(v, -1, r); };
    const Var square = rows(columns(p.out, first), first), c1 = rows(columns(c, first), first);
    const Var u = triu(square);
    Var lower = matmul(square_l(square), tril(c1, -1), true, false);
    Var upper = matmul(triu(c1), u, false, true);
    if (s.n > s.k) {
      lower = lower - matmul(columns(c, beyond), columns(p.out, beyond), false, true);
    }
    if (s.m > s.k) upper = upper - matmul(rows(p.out, beyond), rows(c, beyond), true, false);
    const auto by_l = [&](Var v) {
      return detail::solve_triangular_for("lu", square, v, unit_lower_transposed);
    };
    const auto by_u = [&](Var v) {  // v U^-T
      return transposed(detail::solve_triangular_for("lu", u, transposed(v), {.upper = true}));
    };
    Var due = by_u(by_l(tril(lower, -1) + triu(upper)));
    if (s.n > s.k) due = concat({due, by_l(columns(c, beyond))}, -1);
    if (s.m > s.k) due = concat({due, by_u(rows(c, beyond))}, -2);
    return matmul(permutation, due);
  }
  static std::vector<Sample<LuPacked>> samples() {
    std::vector<Sample<LuPacked>> list;
    int seed = 0;
    const auto add = [&](Shape a, SampleInput pivots) {
      list.push_back({{}, {given(a, detail::test_matrices(a, seed++)), std::move(pivots)}});
    };
    add({1, 1}, index({1}, {0}));
    add({2, 2}, index({2}, {0, 1}));
    add({3, 3}, index({3}, {0, 1, 2}));
    add({3, 2}, index({2}, {0, 1}));
    add({2, 3}, index({2}, {0, 1}));
    add({4, 2}, index({2}, {0, 1}));
    add({2, 4}, index({2}, {0, 1}));
    add({2, 2, 2}, index({2, 2}, {0, 1, 0, 1}));
    list.push_back({{}, {given({2, 2}, {0, 2, -1, 0}), index({2}, {1, 1})}});
    list.push_back({{}, {given({3, 3}, {1, 2, 0, 3, 1, 4, -5, 1, 1}), index({3}, {2, 2, 2})}});
    list.push_back({{}, {real({0, 2, 2}), index({0, 2}, {})}});
    return list;
  }
};

}  // namespace

Lu lu(Arg a) {
  const Var pivots = apply(LuPivots{}, {a});
  const Shape& s = a.var().shape();
  const Var p = apply(LuPermutation{s[s.rank() - 2]}, {Arg(pivots, a.at())});
  return {apply(LuPacked{}, {a, Arg(pivots, a.at())}), pivots, p};
}

LuFactors lu_factors(const Lu& f) {
  const Shape& shape = f.lu.shape();
  detail::require_matrix("lu_factors", shape);
  const Sizes s(shape);
  const Var left = slice(f.lu, -1, {0, s.k}), above = slice(f.lu, -2, {0, s.k});
  const Var square = slice(left, -2, {0, s.k});
  Var l = square_l(square);
  if (s.m > s.k) l = concat({l, slice(left, -2, {s.k})}, -2);
  return {l, triu(above)};
}

Var lu_solve(const Lu& f, Arg b) {
  const Shape &a = f.lu.shape(), &right = b.var().shape();
  detail::require_square("lu_solve", a);
  if (right.rank() == 1) {
    return squeeze(Arg(lu_solve(f, Arg(expand_dims(b, 1), b.at())), b.at()), -1);
  }
  if (right.rank() == 0 || right[right.rank() - 2] != a[a.rank() - 1]) {
    throw ShapeError(fmt::format("lu_solve: A {} and B {} do not fit: B needs {} rows",
                                 to_string(a), to_string(right), a[a.rank() - 1]));
  }
  const Var turned = matmul(Arg(f.p, b.at()), b, true, false);
  const Shape batch = broadcast("lu_solve", detail::batch_of(a), detail::batch_of(turned.shape()));
  const Shape& t = turned.shape();
  const Var packed =
      broadcast_to(f.lu, detail::with_matrix(batch, a[a.rank() - 2], a[a.rank() - 1]));
  const Var wide =
      broadcast_to(turned, detail::with_matrix(batch, t[t.rank() - 2], t[t.rank() - 1]));
  const Var half = detail::solve_triangular_for("lu_solve", packed, wide, unit_lower);
  return detail::solve_triangular_for("lu_solve", packed, half, {.upper = true});
}

std::span<const OpEntry> lu_ops() { return OpList<LuPivots, LuPermutation, LuPacked>::entries; }

}  // namespace dtheta
