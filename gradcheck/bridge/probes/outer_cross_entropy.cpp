#include "gradcheck/bridge/probes/outer_cross_entropy.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/cross_entropy.hpp"
#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/tensor_products.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta::gradcheck {
namespace {

static_assert(most_outer_classes == static_cast<Index>(simd::short_row));

/// d(logsumexp(z) - z[label]) = (softmax(z) - onehot(label)) . dz,  dz = dB + du v^T + u dv^T
struct OuterCrossEntropy {
  friend constexpr bool operator==(const OuterCrossEntropy&, const OuterCrossEntropy&) = default;

  static constexpr OpInfo info{.name = "outer_cross_entropy", .arity = 4};

  [[nodiscard]] ValueType infer(Types in) const {
    const Shape &base = in[0].shape, &u = in[1].shape, &v = in[2].shape, &labels = in[3].shape;
    const bool fits = base.rank() == 2 && u.rank() == 2 && v.rank() == 2 && labels.rank() == 1 &&
                      u[0] == v[0] && u[1] == base[1] && v[1] == base[0] && labels[0] == base[1] &&
                      in[3].kind == Kind::index;
    if (!fits || base[0] == 0 || base[0] > most_outer_classes) {
      throw ShapeError(fmt::format(
          "outer_cross_entropy: {} with {}, {} and labels {}: (n, m), (K, m), (K, n) "
          "and (m) indices are needed, with 1 to {} classes n",
          to_string(base), to_string(u), to_string(v), to_string(labels), most_outer_classes));
    }
    return {u, Kind::real};
  }

  template <class T>
  void forward(const Call<T>& call) const {
    const Index parts = call.shape(1)[0], rows = call.shape(1)[1], classes = call.shape(0)[0];
    const Index* labels = call.indices(3);
    const Index* wrong =
        std::find_if(labels, labels + rows, [&](Index l) { return l < 0 || l >= classes; });
    if (wrong != labels + rows) {
      throw ValueError(fmt::format("outer_cross_entropy: label {} of row {} is none of {} classes",
                                   *wrong, wrong - labels, classes));
    }
    if constexpr (Vectorized<T>) {
      simd::outer_cross_entropy(call.input(0), call.input(1), call.input(2), labels,
                                static_cast<std::size_t>(parts), static_cast<std::size_t>(rows),
                                static_cast<std::size_t>(classes), call.output());
    } else {
      for (Index k = 0; k < parts; ++k) {
        for (Index i = 0; i < rows; ++i) call.output()[k * rows + i] = loss(call, k, i, labels[i]);
      }
    }
  }

  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    if (i == 3) return {};
    const Var z = add_outer(transpose(p[0]), p[1], p[2]);
    const Var dz = expand_dims(c, -1) * (softmax(z) - one_hot(p[3], p[0].shape()[0]));
    if (i == 0) return transpose(sum(dz, 0));
    return i == 1 ? sum(dz * expand_dims(p[2], 1), 2) : sum(dz * expand_dims(p[1], 2), 1);
  }

  static std::vector<Sample<OuterCrossEntropy>> samples() {
    return {{{}, {real({4, 3}, {-3, 3}), real({2, 3}), real({2, 4}), index({3}, {0, 3, 1})}},
            {{},
             {real({3, 9}, {-3, 3}), real({2, 9}), real({2, 3}),
              index({9}, {0, 2, 1, 1, 0, 2, 2, 0, 1})}},
            {{}, {real({1, 2}), real({1, 2}), real({1, 1}), index({2}, {0, 0})}},
            {{}, {given({2, 1}, {900, -900}), real({1, 1}), real({1, 2}), index({1}, {0})}},
            {{}, {real({2, 0}), real({2, 0}), real({2, 2}), index({0}, {})}},
            {{}, {real({2, 3}), real({0, 3}), real({0, 2}), index({3}, {0, 1, 1})}}};
  }

 private:
  template <class T>
  static T loss(const Call<T>& call, Index k, Index i, Index label) {
    using std::exp, std::log;
    const Index rows = call.shape(1)[1], classes = call.shape(0)[0];
    const T factor = call.input(1)[k * rows + i];
    const auto logit = [&](Index c) {
      return call.input(0)[c * rows + i] + factor * call.input(2)[k * classes + c];
    };
    T top = logit(0);
    for (Index c = 1; c < classes; ++c) top = std::max(top, logit(c));
    T total(0);
    for (Index c = 0; c < classes; ++c) total += exp(logit(c) - top);
    return log(total) + (top - logit(label));
  }
};

}  // namespace

Var outer_cross_entropy(Var base, Var u, Var v, Var labels) {
  return apply(OuterCrossEntropy{}, {base, u, v, labels});
}

const OpRecord& outer_cross_entropy_op() { return record_of<OuterCrossEntropy>; }

}  // namespace dtheta::gradcheck
