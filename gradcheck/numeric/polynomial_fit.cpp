#include "gradcheck/numeric/polynomial_fit.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace dtheta::gradcheck::detail {
namespace {

/// Chebyshev polynomials up to a degree at u, and their derivatives.
void chebyshev(double u, std::span<double> value, std::span<double> slope) {
  value[0] = 1.0;
  slope[0] = 0.0;
  if (value.size() == 1) return;
  value[1] = u;
  slope[1] = 1.0;
  for (std::size_t k = 2; k < value.size(); ++k) {
    value[k] = 2.0 * u * value[k - 1] - value[k - 2];
    slope[k] = 2.0 * value[k - 1] + 2.0 * u * slope[k - 1] - slope[k - 2];
  }
}

double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace

PolynomialFit fit_polynomial(std::span<const double> t, std::span<const double> y,
                             std::size_t degree) {
  const auto [low, high] = std::ranges::minmax(t);
  const double middle = 0.5 * (low + high);
  const double half = 0.5 * (high - low);
  const std::size_t terms = degree + 1;
  std::vector<std::vector<double>> columns(terms, std::vector<double>(t.size()));
  std::vector<double> value(terms), at_zero(terms), slope(terms);
  for (std::size_t i = 0; i < t.size(); ++i) {
    chebyshev((t[i] - middle) / half, value, slope);
    for (std::size_t k = 0; k < terms; ++k) columns[k][i] = value[k];
  }
  chebyshev(-middle / half, at_zero, slope);

  // Gram-Schmidt, twice for orthogonality; the slope functional is carried along, so that in the
  // orthonormal basis the weights of the slope are the sum of slope[k]·column[k].
  std::vector<double> weights(t.size(), 0.0);
  std::vector<double> residual(y.begin(), y.end());
  for (std::size_t k = 0; k < terms; ++k) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < k; ++j) {
        const double part = dot(columns[k], columns[j]);
        for (std::size_t i = 0; i < t.size(); ++i) columns[k][i] -= part * columns[j][i];
        slope[k] -= part * slope[j];
      }
    }
    const double norm = std::sqrt(dot(columns[k], columns[k]));
    for (double& v : columns[k]) v /= norm;
    slope[k] /= norm;
    const double part = dot(residual, columns[k]);
    for (std::size_t i = 0; i < t.size(); ++i) {
      residual[i] -= part * columns[k][i];
      weights[i] += slope[k] * columns[k][i];
    }
  }

  PolynomialFit fit;
  fit.slope = dot(weights, y) / half;
  fit.noise_gain = std::sqrt(dot(weights, weights)) / half;
  for (const double r : residual) fit.worst_residual = std::max(fit.worst_residual, std::abs(r));
  const auto freedom = static_cast<double>(t.size() - terms);
  fit.deviation = std::sqrt(dot(residual, residual) / std::max(1.0, freedom));
  return fit;
}

}  // namespace dtheta::gradcheck::detail
