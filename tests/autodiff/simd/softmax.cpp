#include "autodiff/kernels/simd/softmax.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "tests/autodiff/simd/reference.hpp"

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::Quad;

constexpr std::size_t rows = 3;
constexpr std::size_t lengths[] = {1, 2, 7, 10, 16, 17, 33, 64, 65, 130, 2100};

template <class T>
std::vector<T> values(std::size_t n, unsigned seed, T scale) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal(0, scale);
  std::vector<T> x(n);
  for (T& v : x) v = normal(random);
  return x;
}

/// Units in the last place that a sum of n positive terms, each within `term` of them, may be off.
double sum_bound(std::size_t n, double term) {
  return term + 32 + std::log2(static_cast<double>(n) + 1) + 2;  // the tree's levels
}
/// What exp(x - shift) may be off: 3 for exp itself, and half a unit of x - shift.
template <class T>
double term_bound(const std::vector<T>& x) {
  const auto [low, high] = std::ranges::minmax(x);
  return 3 + static_cast<double>(high - low);
}

template <class T>
void check_close(T got, Quad exact, double units, Quad scale) {
  const Quad eps = std::numeric_limits<T>::epsilon() / 2;
  BOOST_TEST((abs(Quad(got) - exact) <= Quad(2 * units) * eps * scale));
}

template <class T>
void check_rows(std::size_t n) {
  const std::vector<T> x = values<T>(rows * n, 1, T(3)), c = values<T>(rows * n, 2, T(1));
  std::vector<T> y(x), logs(x), grad(x);
  s::softmax(x.data(), y.data(), rows, n);
  s::log_softmax(x.data(), logs.data(), rows, n);
  s::softmax_grad(c.data(), y.data(), grad.data(), rows, n);
  const double units = sum_bound(n, 2 * term_bound(x)) + 2;
  for (std::size_t r = 0; r < rows; ++r) {
    const T *xs = x.data() + r * n, *ys = y.data() + r * n, *cs = c.data() + r * n;
    Quad total = 0, along = 0, magnitude = 0;
    for (std::size_t i = 0; i < n; ++i) {
      total += exp(Quad(xs[i]));
      along += Quad(ys[i]) * Quad(cs[i]);
      magnitude += abs(Quad(ys[i]) * Quad(cs[i]));
    }
    for (std::size_t i = 0; i < n; ++i) {
      const Quad exact = exp(Quad(xs[i])) / total;
      check_close(ys[i], exact, units, exact);
      // The sum's error goes into the logarithm as it is; the subtractions round the rest.
      const Quad log = Quad(xs[i]) - dtheta::log(total);
      check_close(logs[r * n + i], log, units, 1 + abs(log) + abs(Quad(xs[i])));
      const Quad product = Quad(ys[i]) * (Quad(cs[i]) - along);
      check_close(grad[r * n + i], product, sum_bound(n, 1) + 2,
                  Quad(ys[i]) * (abs(Quad(cs[i])) + magnitude));
    }
    // A row does not depend on those beside it.
    std::vector<T> alone(n);
    s::softmax(xs, alone.data(), 1, n);
    BOOST_TEST(std::ranges::equal(alone, std::span(ys, n)));
  }
}

template <class T>
void check_special_rows() {
  const T infinity = std::numeric_limits<T>::infinity();
  const T nan = std::numeric_limits<T>::quiet_NaN();
  for (std::size_t n : {3U, 40U}) {
    std::vector<T> x(n, T(1)), y(n);
    x[n - 1] = nan;
    s::softmax(x.data(), y.data(), 1, n);
    BOOST_TEST((std::isnan(y[n - 1]) && std::isnan(y[0])));
    s::log_softmax(x.data(), y.data(), 1, n);
    BOOST_TEST((std::isnan(y[n - 1]) && std::isnan(y[0])));
    // An infinite element is all of the sum, two share it: the limits.
    x[n - 1] = infinity;
    s::softmax(x.data(), y.data(), 1, n);
    BOOST_TEST((y[n - 1] == 1 && y[0] == 0));
    s::log_softmax(x.data(), y.data(), 1, n);
    BOOST_TEST((y[n - 1] == 0 && y[0] == -infinity));
    x[0] = infinity;
    s::softmax(x.data(), y.data(), 1, n);
    BOOST_TEST((y[n - 1] == T(0.5) && y[0] == T(0.5) && y[1] == 0));
    std::ranges::fill(x, -infinity);
    x[0] = T(-1000);
    s::softmax(x.data(), y.data(), 1, n);
    BOOST_TEST(y[0] == 1);
    BOOST_TEST(y[n - 1] == 0);
    s::log_softmax(x.data(), y.data(), 1, n);
    BOOST_TEST(y[0] == 0);
    BOOST_TEST(y[n - 1] == -infinity);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_softmax_suite)

BOOST_AUTO_TEST_CASE(rows_of_every_length) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (std::size_t n : lengths) {
      BOOST_TEST_CONTEXT(hwy::TargetName(target) << " " << n) {
        check_rows<float>(n);
        check_rows<double>(n);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(nan_and_infinity) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    check_special_rows<float>();
    check_special_rows<double>();
  }
}

BOOST_AUTO_TEST_SUITE_END()
