#include "autodiff/kernels/simd/rows.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <limits>

#include "autodiff/kernels/simd/cross_entropy.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::Quad;

constexpr std::size_t row_counts[] = {1, 2, 7, 8, 9, 16, 17, 33};
constexpr std::size_t row_lengths[] = {1, 2, 3, 7, 8, 10, 15, 16, 17, 33, 64};

template <class T>
std::vector<T> random_values(std::size_t n, unsigned seed, double scale = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<double> normal(0, scale);
  std::vector<T> x(n);
  for (T& v : x) v = static_cast<T>(normal(random));
  return x;
}

template <class T>
Quad log_sum_exp(const T* x, std::size_t n) {
  Quad total = 0;
  for (std::size_t j = 0; j < n; ++j) total += exp(Quad(x[j]));
  return log(total);
}

/// The total is off by 6 eps from exp (3 ulp), eps / e from rounding x - top (which moves exp by at
/// most |x - top| exp(x - top) eps) and n eps from the sum; the logarithm makes that absolute and
/// adds 3 ulp of its own, 24 eps for a result below 8.
template <class T>
void check_log_sum_exp() {
  constexpr double eps = std::numeric_limits<T>::epsilon() / 2;
  for (const std::size_t rows : row_counts) {
    for (const std::size_t length : row_lengths) {
      const auto x = random_values<T>(rows * length, 3, 5);
      std::vector<T> top(rows + 1, T(77)), total(rows + 1, T(77));
      s::log_sum_exp_rows(x.data(), rows, length, top.data(), total.data());
      BOOST_TEST((top[rows] == 77 && total[rows] == 77));  // wrote no further
      for (std::size_t r = 0; r < rows; ++r) {
        const Quad exact = log_sum_exp(x.data() + r * length, length);
        const double error = static_cast<double>(abs(Quad(top[r]) + Quad(total[r]) - exact));
        BOOST_TEST(error <= (static_cast<double>(length) + 32) * eps);
      }
    }
  }
}

template <class T>
void check_limits() {
  constexpr T infinity = std::numeric_limits<T>::infinity();
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> x{0,        nan, 1,  // NaN inside
                         nan,      0,   1,  // and in front
                         infinity, 0,   1,  // an infinite top has no difference
                         0,        0,   -infinity, 700, -700, -700};
  std::vector<T> top(5), total(5);
  s::log_sum_exp_rows(x.data(), 5, 3, top.data(), total.data());
  for (int r : {0, 1, 2}) BOOST_TEST(std::isnan(total[static_cast<std::size_t>(r)]));
  // The bound of check_log_sum_exp for three elements.
  constexpr T bound = T(3 + 32) * std::numeric_limits<T>::epsilon() / 2;
  BOOST_TEST(std::abs(top[3] + total[3] - std::log(T(2))) <= bound);
  BOOST_TEST(top[4] == T(700));
  BOOST_TEST(total[4] == T(0));
}

template <class T>
void check_loads() {
  const auto from = random_values<T>(5000, 4);
  for (const std::size_t rows : row_counts) {
    for (const std::size_t length : row_lengths) {
      for (const std::ptrdiff_t stride : {0, 1, 5, 70}) {
        for (const bool repeats : {false, true}) {
          std::vector<T> out(rows * length + 1, T(77));
          s::load_rows(from.data(), stride, rows, length, repeats, out.data());
          bool equal = out.back() == T(77);
          for (std::size_t i = 0; i < rows * length; ++i) {
            const T* row = from.data() + static_cast<std::ptrdiff_t>(i / length) * stride;
            equal = equal && out[i] == row[repeats ? 0 : i % length];
          }
          BOOST_TEST(equal, rows << " x " << length << " stride " << stride);
        }
      }
    }
  }
}

/// Blocks of rows are summed in order, and then the blocks: to the bit. Rows apart from each other, of
/// more columns than are taken together, too.
template <class T>
void check_sums() {
  for (const std::size_t n : {0U, 1U, 2U, 31U, 32U, 33U, 70U}) {
    for (const std::size_t length : {1U, 3U, 4U, 6U, 8U, 16U, 17U, 33U, 64U, 129U, 1027U}) {
      const std::size_t stride = length + n % 2;
      const auto x = random_values<T>(n * stride, 10);
      std::vector<T> out(length + 1, T(77)), expected(length, T(0));
      s::sum_rows(x.data(), n, length, stride, out.data());
      BOOST_TEST(out.back() == T(77));  // wrote no further
      for (std::size_t start = 0; start < n; start += s::summed_at_once) {
        for (std::size_t j = 0; j < length; ++j) {
          T block = x[start * stride + j];
          for (std::size_t i = start + 1; i < std::min(n, start + s::summed_at_once); ++i) {
            block += x[i * stride + j];
          }
          expected[j] += block;
        }
      }
      out.pop_back();
      BOOST_TEST((out == expected), n << " rows of " << length);
      auto added = random_values<T>(length, 11);
      for (std::size_t j = 0; j < length; ++j) expected[j] = added[j] + T(0.3) * expected[j];
      s::sum_rows(x.data(), n, length, stride, added.data(), added.data(), T(0.3));
      BOOST_TEST((added == expected), n << " rows of " << length << " added");
    }
  }
}

/// The bound that the header states: the product, the difference and the sum are rounded once each,
/// and log1p(exp(-|z|)) <= log 2 is off by 3 ulp, at most 3 eps.
template <class T>
void check_binary_cross_entropy() {
  constexpr double eps = std::numeric_limits<T>::epsilon() / 2;
  const auto z = random_values<T>(1003, 8, 10);
  auto y = random_values<T>(z.size(), 9);
  for (std::size_t i = 0; i < y.size(); i += 3) y[i] = T(i % 2);
  std::vector<T> out(z.size());
  s::binary_cross_entropy(z.data(), y.data(), out.data(), z.size());
  double worst = 0;
  for (std::size_t i = 0; i < z.size(); ++i) {
    const Quad exact = simd_reference::softplus(Quad(z[i])) - Quad(y[i]) * Quad(z[i]);
    const double size = 1 + std::abs(double(z[i])) + std::abs(double(z[i]) * double(y[i]));
    worst = std::max(worst, static_cast<double>(abs(Quad(out[i]) - exact)) / (eps * size));
  }
  BOOST_TEST(worst <= 5);
}

/// Against add_outer and log_sum_exp_rows, bit for bit, with parts that move all rows, none, and
/// some: the same ones as the part before or others.
template <class T>
void check_outer_cross_entropy() {
  constexpr std::size_t parts = 6;
  for (const std::size_t rows : {1U, 7U, 8U, 17U, 32U, 33U, 70U}) {
    for (const std::size_t classes : {1U, 2U, 10U, 64U}) {
      const auto base = random_values<T>(rows * classes, 11, 3);
      auto u = random_values<T>(parts * rows, 12);
      const auto v = random_values<T>(parts * classes, 13);
      for (std::size_t i = 0; i < rows; ++i) {
        u[rows + i] = T(0);
        if (i % 4 == 2) u[i] = T(0);
        if (i % 3 == 0) u[2 * rows + i] = u[3 * rows + i] = T(0);
        if (i % 5 == 1) u[4 * rows + i] = T(0);
      }
      std::vector<T> transposed(base.size()), out(parts * rows + 1, T(77));
      std::vector<std::int64_t> labels(rows);
      for (std::size_t i = 0; i < rows; ++i) {
        labels[i] = static_cast<std::int64_t>(i * 7 % classes);
        for (std::size_t c = 0; c < classes; ++c) transposed[c * rows + i] = base[i * classes + c];
      }
      s::outer_cross_entropy(transposed.data(), u.data(), v.data(), labels.data(), parts, rows,
                             classes, out.data());
      bool equal = out.back() == T(77);  // wrote no further
      std::vector<T> z(base.size()), top(rows), total(rows);
      for (std::size_t k = 0; k < parts; ++k) {
        s::add_outer(base.data(), u.data() + k * rows, v.data() + k * classes, rows, classes,
                     z.data());
        s::log_sum_exp_rows(z.data(), rows, classes, top.data(), total.data());
        for (std::size_t i = 0; i < rows; ++i) {
          const T own = z[i * classes + static_cast<std::size_t>(labels[i])];
          equal = equal && out[k * rows + i] == total[i] + (top[i] - own);
        }
      }
      BOOST_TEST(equal, rows << " rows of " << classes);
    }
  }
}

/// A row with u = 0 stays where it is even if v is not finite.
template <class T>
void check_rows_that_do_not_move() {
  constexpr T inf = std::numeric_limits<T>::infinity();
  const std::vector<T> base{T(0.5), T(-1), T(2), T(0.25)}, u{T(0), T(1), T(0), T(1)};
  const std::vector<T> v{inf, inf, T(1), T(2)};
  const std::vector<std::int64_t> labels{1, 0};
  std::vector<T> out(4), top(1), total(1);
  s::outer_cross_entropy(base.data(), u.data(), v.data(), labels.data(), 2, 2, 2, out.data());
  const T row[]{base[0], base[2]};
  s::log_sum_exp_rows(row, 1, 2, top.data(), total.data());
  const T expected = total[0] + (top[0] - row[1]);
  BOOST_TEST(out[0] == expected);
  BOOST_TEST(out[2] == expected);
  BOOST_TEST(std::isnan(out[1]));
  BOOST_TEST(std::isfinite(out[3]));
}

/// Runs the check for float and double on every instruction set of this machine.
void on_every_target(void (*of_float)(), void (*of_double)()) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    BOOST_TEST_CONTEXT(hwy::TargetName(target)) {
      of_float();
      of_double();
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_rows)

BOOST_AUTO_TEST_CASE(log_sum_exp_of_rows) {
  on_every_target(check_log_sum_exp<float>, check_log_sum_exp<double>);
}

BOOST_AUTO_TEST_CASE(log_sum_exp_at_the_limits) {
  on_every_target(check_limits<float>, check_limits<double>);
}

BOOST_AUTO_TEST_CASE(cross_entropy_of_an_outer_product) {
  on_every_target(check_outer_cross_entropy<float>, check_outer_cross_entropy<double>);
}

BOOST_AUTO_TEST_CASE(cross_entropy_of_rows_that_do_not_move) {
  on_every_target(check_rows_that_do_not_move<float>, check_rows_that_do_not_move<double>);
}

BOOST_AUTO_TEST_CASE(rows_are_loaded_whole) {
  on_every_target(check_loads<float>, check_loads<double>);
}

BOOST_AUTO_TEST_CASE(binary_cross_entropy) {
  on_every_target(check_binary_cross_entropy<float>, check_binary_cross_entropy<double>);
}

BOOST_AUTO_TEST_CASE(rows_are_summed_in_order) {
  on_every_target(check_sums<float>, check_sums<double>);
}

BOOST_AUTO_TEST_SUITE_END()
