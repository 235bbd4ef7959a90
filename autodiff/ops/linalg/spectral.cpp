#include "autodiff/ops/linalg/spectral.hpp"

#include <algorithm>

#include "autodiff/kernels/eigh.hpp"
#include "autodiff/kernels/svd.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/shape/slice_form.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

using detail::transposed;

/// Giles, Collected matrix derivative results, 2008. The result holds w in row 0 and V below it.
struct EighPacked {
  friend constexpr bool operator==(const EighPacked&, const EighPacked&) = default;

  static constexpr OpInfo info{.name = "eigh"};
  static constexpr OpRule rule{
      "A = V diag(w) V^T, both in Y",
      "dw = diag(V^T dA V), dV = V (F o V^T dA V), F_ij = 1 / (w_j - w_i), F_ii = 0",
      "A symmetric, w distinct"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& s = in[0].shape;
    detail::require_square(info.name, s);
    return {detail::replaced(s, s.rank() - 2, s[s.rank() - 1] + 1), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index n = s[s.rank() - 1];
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (n * n); ++b) {
      detail::eigh(call.input(0) + b * n * n, n, call.output() + b * (n + 1) * n);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    const Var w = select(p.out, -2, 0), v = slice(p.out, -2, {1});
    const Var gv = slice(c, -2, {1});
    const auto part = as_unslice(c.tape().node(c));
    if (part && part->axis == c.rank() - 2 && part->start == 0 && part->count == 1) {
      // The eigenvalues alone: smooth where none of what uses them tells equal ones apart.
      return matmul(v * expand_dims(select(c, -2, 0), -2), v, false, true);
    }
    if (part && part->axis == c.rank() - 2 && part->start == 1) {
      // The eigenvectors alone. What does not turn equal ones into each other has no part in this,
      // as the second derivative of a sum of eigenvalues: its limit is 0 there.
      const Var skew = detail::skew_part(matmul(v, gv, true, false));
      return matmul(matmul(v, detail::divided_by_gaps("eigh", skew, w)), v, false, true);
    }
    const Var core = detail::divided_by_gaps("eigh", matmul(v, gv, true, false), w) +
                     diag_embed(select(c, -2, 0));
    return detail::symmetric_part(matmul(matmul(v, core), v, false, true));
  }
  static std::vector<Sample<EighPacked>> samples() {
    std::vector<Sample<EighPacked>> list;
    int seed = 0;
    for (const Shape& s : {Shape{1, 1}, Shape{2, 2}, Shape{2, 2}, Shape{3, 3}, Shape{3, 3},
                           Shape{4, 4}, Shape{2, 2, 2}, Shape{2, 1, 3, 3}, Shape{1, 2, 2}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed, seed % 2 == 0))}});
      ++seed;
    }
    list.push_back({{}, {given({2, 2}, {2, 1, 1, -3})}});
    list.push_back({{}, {given({3, 3}, {4, 1, 0, 1, 2, 0.5, 0, 0.5, -1})}});
    list.push_back({{}, {given({2, 2}, {3, 0, 0, 1})}});  // diagonal: vectors of the identity
    list.push_back({{}, {real({0, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }
};

/// With F_ij = 1 / (s_j^2 - s_i^2) off the diagonal, and
///   dV = V (F o (S P + P^T S)) + (I - V V^T) dA^T U S^-1
/// (Townsend, Differentiating the singular value decomposition, 2016). Row i of the result holds
/// column i of U, s_i and column i of V.
struct SvdPacked {
  friend constexpr bool operator==(const SvdPacked&, const SvdPacked&) = default;

  static constexpr OpInfo info{.name = "svd"};
  static constexpr OpRule rule{
      "A = U diag(s) V^T, all in Y",
      "ds = diag(P), dU = U (F o (P S + S P^T)) + (I - U U^T) dA V S^-1, P = U^T dA V",
      "s distinct"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& a = in[0].shape;
    detail::require_matrix(info.name, a);
    const Index m = a[a.rank() - 2], n = a[a.rank() - 1];
    return {detail::with_matrix(detail::batch_of(a), std::min(m, n), m + 1 + n), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index m = s[s.rank() - 2], n = s[s.rank() - 1], k = std::min(m, n);
    if (s.size() == 0) return;
    for (Index b = 0; b < s.size() / (m * n); ++b) {
      detail::svd(call.input(0) + b * m * n, m, n, call.output() + b * k * (m + 1 + n));
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal& p, Var c) {
    const Shape& shape = p[0].shape();
    const Index m = shape[shape.rank() - 2], n = shape[shape.rank() - 1];
    const Var ut = slice(p.out, -1, {0, m}), s = select(p.out, -1, m),
              vt = slice(p.out, -1, {m + 1});
    const Var gut = slice(c, -1, {0, m}), gs = select(c, -1, m), gvt = slice(c, -1, {m + 1});
    const Var rows = expand_dims(s, -1), columns = expand_dims(s, -2);  // S M and M S: scaled

    const Var x = rotations(matmul(ut, gut, false, true), s);
    const Var y = rotations(matmul(vt, gvt, false, true), s);
    const Var core = x * columns + rows * y + diag_embed(gs);
    Var result = matmul(matmul(ut, core, true, false), vt);
    if (m > n) {  // the part of U's cotangent that leaves its column space
      const Var scaled = detail::safe_quotient("svd", gut, rows, detail::scale_of(s));
      const Var outside = scaled - matmul(matmul(scaled, ut, false, true), ut);
      result = result + matmul(outside, vt, true, false);
    }
    if (n > m) {
      const Var scaled = detail::safe_quotient("svd", gvt, rows, detail::scale_of(s));
      const Var outside = scaled - matmul(matmul(scaled, vt, false, true), vt);
      result = result + matmul(ut, outside, true, false);
    }
    return result;
  }
  static std::vector<Sample<SvdPacked>> samples() {
    std::vector<Sample<SvdPacked>> list;
    int seed = 0;
    for (const Shape& s :
         {Shape{1, 1}, Shape{2, 2}, Shape{3, 3}, Shape{3, 2}, Shape{2, 3}, Shape{4, 2}, Shape{2, 4},
          Shape{1, 3}, Shape{3, 1}, Shape{2, 2, 2}, Shape{2, 3, 2}, Shape{1, 2, 3}}) {
      list.push_back({{}, {given(s, detail::test_matrices(s, seed++))}});
    }
    list.push_back({{}, {given({2, 2}, {3, 1, -1, 2})}});
    list.push_back({{}, {real({0, 3})}});
    list.push_back({{}, {real({3, 0})}});
    list.push_back({{}, {real({0, 2, 2})}});
    return list;
  }

 private:
  /// F o (M - M^T), with F = 1 / ((s_j - s_i) (s_j + s_i)).
  static Var rotations(Var m, Var s) {
    const Var sums = expand_dims(s, -2) + expand_dims(s, -1);
    const Var skew = (m - transposed(m)) / where(equal(sums, 0), 1, sums);
    return detail::divided_by_gaps("svd", skew, s);
  }
};

}  // namespace

Eigh eigh(Arg a) {
  const Arg packed(apply(EighPacked{}, {a}), a.at());
  return {select(packed, -2, 0), slice(packed, -2, {1})};
}

Svd svd(Arg a) {
  const Shape& s = a.var().shape();
  detail::require_matrix("svd", s);
  const Index m = s[s.rank() - 2];
  const Arg packed(apply(SvdPacked{}, {a}), a.at());
  return {transposed(slice(packed, -1, {0, m})), select(packed, -1, m), slice(packed, -1, {m + 1})};
}

std::span<const OpEntry> spectral_ops() { return OpList<EighPacked, SvdPacked>::entries; }

}  // namespace dtheta
