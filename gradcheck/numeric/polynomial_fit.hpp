#pragma once

#include <cstddef>
#include <span>

namespace dtheta::gradcheck::detail {

/// A least-squares polynomial, by what it says about the slope at zero.
struct PolynomialFit {
  double slope = 0.0;       ///< its derivative at 0
  double noise_gain = 0.0;  ///< ‖weights‖₂ of the slope: noise ε per value makes gain·ε of it
  double worst_residual = 0.0;  ///< largest |value − polynomial|
  double deviation = 0.0;       ///< root mean square of the residuals per degree of freedom
};

/// Fits values y at abscissae t. Needs more points than degree + 1, not all at one place.
PolynomialFit fit_polynomial(std::span<const double> t, std::span<const double> y,
                             std::size_t degree);

}  // namespace dtheta::gradcheck::detail
