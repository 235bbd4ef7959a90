#pragma once

#include "gradcheck/check.hpp"
#include "gradcheck/oracle.hpp"

namespace dtheta::gradcheck {

namespace detail {

template <class T>
std::string scalar_name() {
  if constexpr (std::is_same_v<T, long double>) return "long double";
  return unit_roundoff_of<T>() < 0x1p-110 ? "quad" : "a wider scalar";
}

template <class T, class F>
Oracle oracle_for(const F& cost, std::span<const double> theta) {
  if constexpr (std::is_same_v<T, std::complex<double>>) {
    return complex_step_oracle(cost, theta);
  } else {
    return oracle_in<T>(cost, theta, scalar_name<T>());
  }
}

}  // namespace detail

/// `check` with second opinions: the cost is written for any scalar, cost(std::span<const T>) -> T.
/// It is checked in double; entries that double leaves in doubt are asked again in each of `Wide`,
/// in this order, until one decides:
///
///   check_in<long double, __float128>([](auto theta) { ... }, gradient, theta);
///
/// std::complex<double> among them stands for a complex step, for a J that is analytic. A cost with
/// a double constant or a call of a double function in it is no wider than double.
template <class... Wide, class F>
Result check_in(const F& cost, const Gradient& gradient, const ParameterVector& theta,
                Options options = {}) {
  static_assert(sizeof...(Wide) > 0, "name the scalars of the second opinions");
  (options.oracles.push_back(detail::oracle_for<Wide>(cost, theta.values())), ...);
  const Cost narrow = [&cost](std::span<const double> at) { return cost(at); };
  return check(narrow, gradient, theta, options);
}

/// The same for a θ without names.
template <class... Wide, class F>
Result check_in(const F& cost, const Gradient& gradient, std::span<const double> theta,
                const Options& options = {}) {
  return check_in<Wide...>(cost, gradient, unnamed(theta), options);
}

}  // namespace dtheta::gradcheck
