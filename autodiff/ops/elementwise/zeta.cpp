#include "autodiff/ops/elementwise/zeta.hpp"

#include "autodiff/elementwise.hpp"
#include "autodiff/kernels/incomplete_gamma.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"

namespace dtheta {
namespace {

struct Zeta : Binary<Zeta> {
  static constexpr OpInfo info{.name = "zeta", .arity = 2};
  static constexpr OpRule rule{"y = the sum of (q + k)^-s over k = 0, 1, ...",
                               "dy = -s zeta(s + 1, q) dq, for a constant s", "s > 1, q > 0"};
  template <class T>
  static T value(T s, T q) {
    return detail::zeta(s, q);
  }
  static Var pullback(int i, const Primal& p, Var c) {
    if (i == 0) return {};
    const Var slope = -(p[0] * zeta(p[0] + 1, p[1]));
    return detail::keep_nan(detail::weighted(c, slope), p.out);
  }
  static std::vector<Sample<Zeta>> samples() {
    const Domain positive{0.5, 5};
    return {{{}, {fixed({}, {2}), real({}, positive)}},
            {{}, {fixed({3}, {1.5, 3, 6.25}), real({3}, positive)}},
            {{}, {fixed({2, 1}, {2, 1.25}), real({2, 3}, positive)}},
            {{}, {fixed({}, {3}), given({2}, {-0.5, -2.625})}},
            {{}, {fixed({}, {40}), given({}, {3})}},
            {{}, {fixed({1}, {2}), real({0})}}};
  }
};

}  // namespace

Var zeta(Arg s, Arg q) { return apply<Zeta>(s, q); }

std::span<const OpEntry> zeta_ops() { return OpList<Zeta>::entries; }

}  // namespace dtheta
