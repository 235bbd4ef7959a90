#pragma once

#include <complex>
#include <concepts>

#include "autodiff/scalar/quad.hpp"

namespace dtheta {

using Complex = std::complex<double>;

/// The types a kernel computes in. A tape records in float or double; a plan replays in any.
template <class T>
concept Scalar = std::same_as<T, float> || std::same_as<T, double> ||
    std::same_as<T, long double> || std::same_as<T, Quad> || std::same_as<T, Complex>;

/// The scalars with an order, in which every op can be computed.
template <class T>
concept RealScalar = Scalar<T> && !std::same_as<T, Complex>;

/// The scalars with a SIMD path. For the others the generic template is all there is.
template <class T>
concept Vectorized = std::same_as<T, float> || std::same_as<T, double>;

/// One entry for each scalar type.
template <template <class> class Entry>
struct PerScalar {
  Entry<float> f32{};
  Entry<double> f64{};
  Entry<long double> extended{};
  Entry<Quad> quad{};
  Entry<Complex> complex{};

  template <Scalar T>
  [[nodiscard]] constexpr const Entry<T>& get() const {
    if constexpr (std::same_as<T, float>)
      return f32;
    else if constexpr (std::same_as<T, double>)
      return f64;
    else if constexpr (std::same_as<T, long double>)
      return extended;
    else if constexpr (std::same_as<T, Quad>)
      return quad;
    else
      return complex;
  }
};

}  // namespace dtheta
