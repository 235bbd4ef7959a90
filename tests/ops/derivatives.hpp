#pragma once

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::testing {

inline constexpr double infinity = std::numeric_limits<double>::infinity();
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

using Function = std::function<Var(Var)>;
using Function2 = std::function<Var(Var, Var)>;

inline std::vector<double> numbers_of(Var v) {
  const Tensor t = v.value().to(DType::float64);
  const auto values = t.data<double>();
  return {values.begin(), values.end()};
}

inline Tensor vector_of(const std::vector<double>& values) {
  return Tensor(Shape{static_cast<Index>(values.size())}, std::span<const double>(values));
}

/// The gradient of sum(f(x)) at a vector.
inline std::vector<double> gradient(const Function& f, const std::vector<double>& x,
                                    DType precision = DType::float64) {
  Tape tape(precision);
  const Var v = tape.leaf(vector_of(x));
  return numbers_of(grad(sum(f(v)), v));
}

/// d/da and d/db of f(a, b) at numbers.
inline std::vector<double> gradient(const Function2& f, double a, double b,
                                    DType precision = DType::float64) {
  Tape tape(precision);
  const Var u = tape.leaf(Tensor(a)), v = tape.leaf(Tensor(b));
  const std::vector<Var> g = grad(f(u, v), {u, v});
  return {g[0].item(), g[1].item()};
}

inline std::vector<double> gradient(Var (*f)(Arg, Arg), double a, double b,
                                    DType precision = DType::float64) {
  return gradient(Function2([f](Var u, Var v) { return f(u, v); }), a, b, precision);
}

/// d/db d/da f and d/da d/db f at (a, b).
inline std::vector<double> mixed(const Function2& f, double a, double b) {
  Tape tape;
  const Var u = tape.leaf(Tensor(a)), v = tape.leaf(Tensor(b));
  const std::vector<Var> g = grad(f(u, v), {u, v});
  return {grad(g[0], v).item(), grad(g[1], u).item()};
}

inline std::vector<double> mixed(Var (*f)(Arg, Arg), double a, double b) {
  return mixed(Function2([f](Var u, Var v) { return f(u, v); }), a, b);
}

/// The same numbers, NaN being equal to NaN, within a few roundings relative to their size.
inline void expect(const std::vector<double>& found, const std::vector<double>& wanted,
                   double relative = 16 * 0x1p-53) {
  BOOST_REQUIRE_EQUAL(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool both_nan = std::isnan(found[i]) && std::isnan(wanted[i]);
    const bool close =
        found[i] == wanted[i] || std::abs(found[i] - wanted[i]) <= relative * std::abs(wanted[i]);
    BOOST_TEST_INFO("entry " << i << ": " << found[i] << ", wanted " << wanted[i]);
    BOOST_TEST((both_nan || close));
  }
}

}  // namespace dtheta::testing
