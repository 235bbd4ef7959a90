#include "autodiff/ops/elementwise/bessel.hpp"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/elementwise.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/bessel.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/more_samples.hpp"

namespace dtheta {
namespace {

struct BesselI : Unary<BesselI> {
  int order = 0;
  friend constexpr bool operator==(const BesselI&, const BesselI&) = default;

  static constexpr OpInfo info{.name = "bessel_i"};
  static constexpr OpRule rule{"y = I_n(x)",
                               "dy = (I_(n-1)(x) + I_(n+1)(x)) / 2 dx; of I_0: I_1(x) dx"};
  static constexpr Domain domain{-4, 4};
  static BesselI of(int order) {
    BesselI op;
    op.order = order;
    return op;
  }
  static std::vector<BesselI> variants() { return {of(0), of(1), of(2)}; }
  template <class T>
  T value(T x) const {
    return detail::bessel_i(order, x);
  }
  Var slope(Var x, Var) const {
    if (order == 0) return apply(of(1), {x});
    return 0.5 * (apply(of(order - 1), {x}) + apply(of(order + 1), {x}));
  }
  static std::vector<Sample<BesselI>> samples() {
    return detail::also_at<BesselI>({0, 1e-30, -1e-8, 20, -30, 60, 200}, Unary<BesselI>::samples());
  }
};

}  // namespace

Var i0(Arg x) { return apply(BesselI::of(0), {x}); }
Var i1(Arg x) { return apply(BesselI::of(1), {x}); }

Var bessel_i(int order, Arg x) {
  constexpr int most = 100;
  if (order < 0 || order > most) {
    throw ValueError(fmt::format("bessel_i: order {} is not between 0 and {}", order, most));
  }
  return apply(BesselI::of(order), {x});
}

std::span<const OpEntry> bessel_ops() { return OpList<BesselI>::entries; }

}  // namespace dtheta
