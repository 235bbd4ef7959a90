#pragma once

#include "autodiff/scalar/scalar.hpp"
#include "autodiff/var.hpp"

/// Irrational constants with all the digits of the widest scalar, each as the sum of three doubles:
/// in kernels `pi.in<T>()`, in rules `pi.on(tape)`.
namespace dtheta::digits {

struct Constant {
  double high, middle, low;

  template <Scalar T>
  [[nodiscard]] constexpr T in() const {
    return T(high) + (T(middle) + T(low));
  }
  /// As a recorded value, summed in the scalar of each run.
  [[nodiscard]] Var on(Tape& tape) const;
};

inline constexpr Constant pi{0x1.921fb54442d18p+1, 0x1.1a62633145c07p-53, -0x1.f1976b7ed8fbcp-109};
inline constexpr Constant ln2{0x1.62e42fefa39efp-1, 0x1.abc9e3b39803fp-56, 0x1.7b57a079a1934p-111};
/// sqrt(1/2)
inline constexpr Constant sqrt_half{0x1.6a09e667f3bcdp-1, -0x1.bdd3413b26456p-55,
                                    0x1.57d3e3adec175p-109};
/// 2 / sqrt(pi) and its reciprocal
inline constexpr Constant two_over_sqrt_pi{0x1.20dd750429b6dp+0, 0x1.1ae3a914fed80p-56,
                                           -0x1.3cbbebf65f145p-111};
inline constexpr Constant half_sqrt_pi{0x1.c5bf891b4ef6bp-1, -0x1.618f13eb7ca89p-55,
                                       -0x1.b1f0071b7aae4p-111};
/// sqrt(2 / pi) and 1 / sqrt(2 pi)
inline constexpr Constant sqrt_two_over_pi{0x1.9884533d43651p-1, -0x1.cbc0d30ebfd15p-55,
                                           -0x1.c7402c7d60cfbp-111};
inline constexpr Constant one_over_sqrt_two_pi{0x1.9884533d43651p-2, -0x1.cbc0d30ebfd15p-56,
                                               -0x1.c7402c7d60cfbp-112};
/// log(2 pi) / 2
inline constexpr Constant half_log_two_pi{0x1.d67f1c864beb5p-1, -0x1.65b5a1b7ff5dfp-55,
                                          -0x1.b7f70c13dc1ccp-110};
/// The fixed point of SELU: with these a unit normal input gives outputs of mean 0 and variance 1
/// (Klambauer et al., 2017). The last one is the product of the others.
inline constexpr Constant selu_scale{0x1.0cfabd6a91132p+0, 0x1.6fc7d272f2696p-55,
                                     0x1.8d679cf9ec387p-110};
inline constexpr Constant selu_scale_alpha{0x1.c212cc640f031p+0, 0x1.05161b045a1f1p-56,
                                           -0x1.250440954f076p-110};

}  // namespace dtheta::digits
