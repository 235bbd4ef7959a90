#include "autodiff/ops/linalg/svd_full.hpp"

#include <algorithm>
#include <array>

#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/linalg_rules.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

/// Which unit vectors complete k orthonormal columns of length m to a basis: each the one of which
/// most is left when what lies in the columns and in those chosen before is taken away.
struct CompletingAxes {
  friend constexpr bool operator==(const CompletingAxes&, const CompletingAxes&) = default;

  static constexpr OpInfo info{.name = "completing_axes", .differentiable = false};
  static constexpr OpRule rule{"y = the unit vectors that complete orthonormal columns to a basis"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    const Shape& s = in[0].shape;
    detail::require_matrix(info.name, s);
    const Index missing = std::max<Index>(s[s.rank() - 2] - s[s.rank() - 1], 0);
    return {detail::replaced(s, s.rank() - 2, 2, std::array{missing}), Kind::index};
  }
  /// What is left of each unit vector, as columns.
  [[nodiscard]] static std::size_t scratch(Types in) {
    const Index m = in[0].shape[in[0].shape.rank() - 2];
    return static_cast<std::size_t>(m * m);
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape& s = call.shape(0);
    const Index m = s[s.rank() - 2], k = s[s.rank() - 1], missing = m - k;
    for (Index b = 0; missing > 0 && b < call.out_shape().size() / missing; ++b) {
      choose(m, k, call.input(0) + b * m * k, call.workspace(), call.index_output() + b * missing);
    }
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<CompletingAxes>> samples() {
    return {{{}, {given({3, 1}, {0.6, 0, 0.8})}},
            {{}, {given({2, 2}, {0.6, 0.8, -0.8, 0.6})}},
            {{}, {given({2, 3, 2}, {1, 0, 0, 1, 0, 0, 0, 1, 0.6, 0, 0.8, 0})}}};
  }

 private:
  template <class T>
  static void choose(Index m, Index k, const T* u, T* left, Index* chosen) {
    for (Index i = 0; i < m; ++i) {  // I - U U^T
      for (Index j = 0; j < m; ++j) {
        T sum = T(i == j ? 1 : 0);
        for (Index c = 0; c < k; ++c) sum -= u[i * k + c] * u[j * k + c];
        left[i * m + j] = sum;
      }
    }
    // Of a projection the diagonal holds the squares of the lengths of its columns.
    for (Index step = 0; step < m - k; ++step) {
      Index best = 0;
      for (Index i = 1; i < m; ++i) {
        if (left[i * m + i] > left[best * m + best]) best = i;
      }
      chosen[step] = best;
      const T pivot = left[best * m + best];
      for (Index i = 0; i < m; ++i) {
        const T factor = i == best ? T(1) : left[i * m + best] / pivot;
        for (Index j = 0; i != best && j < m; ++j) left[i * m + j] -= factor * left[best * m + j];
      }
      for (Index i = 0; i < m; ++i) left[best * m + i] = left[i * m + best] = T(0);
    }
  }
};

/// Orthonormal columns u (..., m, k) and those that complete them, (..., m, m).
Var completed(Var u) {
  const Shape& s = u.shape();
  const Index m = s[s.rank() - 2], k = s[s.rank() - 1];
  if (m == k) return u;
  const Var axes = detail::transposed(one_hot(apply(CompletingAxes{}, {u}), m));
  const Qr f = qr(concat({u, axes}, -1));
  return concat({u, slice(f.q, -1, {k})}, -1);
}

}  // namespace

Svd svd_full(Arg a) {
  detail::require_real("svd_full", a.var().type());
  detail::require_matrix("svd_full", a.var().shape());
  const Svd d = svd(a);
  return {completed(d.u), d.s, detail::transposed(completed(detail::transposed(d.vt)))};
}

std::span<const OpEntry> svd_full_ops() { return OpList<CompletingAxes>::entries; }

}  // namespace dtheta
