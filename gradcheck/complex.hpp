#pragma once

#include <complex>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck {

/// What the derivative of a real J by complex z = x + iy is a number of. Sources differ, so it is
/// always said.
enum class ComplexConvention : std::uint8_t {
  gradient,   ///< dJ/dx + i dJ/dy, the direction of steepest ascent: PyTorch's, 2 dJ/dz*
  d_dz,       ///< dJ/dz = (dJ/dx - i dJ/dy) / 2: JAX's is twice this
  d_dz_conj,  ///< dJ/dz* = (dJ/dx + i dJ/dy) / 2, Wirtinger's
};
[[nodiscard]] std::string_view to_string(ComplexConvention convention);

using ComplexSpan = std::span<const std::complex<double>>;
using ComplexCost = std::function<double(ComplexSpan)>;
using ComplexFunction = std::function<std::vector<std::complex<double>>(ComplexSpan)>;

/// Holds the derivative of a real cost of complex numbers, one for each z, against differences of
/// J along x and y. The result's blocks are "z.re" and "z.im"; where the numbers are right under
/// another convention, or conjugate, the first cause says so. Throws ShapeError where there are not
/// as many derivatives as z, and what check() throws.
Result check_complex(const ComplexCost& cost, ComplexSpan derivative, ComplexSpan z,
                     ComplexConvention convention, const Options& options = {});

/// Holds the complex Jacobian df/dz (outputs, inputs; row-major) of a holomorphic f: C^n -> C^m
/// against differences along x and y. Where f is not holomorphic at z (its differences break the
/// Cauchy-Riemann equations by more than their bars) it has no df/dz: the check fails, and its
/// first cause says so; so it does where df/dz is conjugate. Throws ShapeError for sizes that do
/// not fit.
JacobianResult check_holomorphic(const ComplexFunction& f, ComplexSpan jacobian, ComplexSpan z,
                                 const JacobianOptions& options = {});

}  // namespace dtheta::gradcheck
