#include "autodiff/kernels/simd/normalize.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/autodiff/simd/reference.hpp"

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::Quad;

constexpr std::size_t rows = 3;
constexpr std::size_t lengths[] = {1, 2, 8, 15, 16, 17, 64, 100, 128, 129, 2100};
constexpr s::RowStatistics settings[] = {{true, 1e-5}, {false, 1e-5}, {true, 0.5}};

template <class T>
std::vector<T> values(std::size_t n, unsigned seed, T mean) {
  std::mt19937 random(seed);
  std::normal_distribution<T> normal(mean, 1);
  std::vector<T> x(n);
  for (T& v : x) v = normal(random);
  return x;
}

template <class T>
struct Results {
  std::vector<T> y, grad;
  friend bool operator==(const Results&, const Results&) = default;
};

template <class T>
Results<T> run(const s::RowStatistics& o, const std::vector<T>& x, const std::vector<T>& c) {
  Results<T> r{std::vector<T>(x.size()), std::vector<T>(x.size())};
  s::standardize(o, x.data(), r.y.data(), rows, x.size() / rows);
  s::standardize_grad(o, c.data(), x.data(), r.grad.data(), rows, x.size() / rows);
  return r;
}

/// Both results of one row, from their formulas.
template <class T>
Results<Quad> exact(const s::RowStatistics& o, const T* x, const T* c, std::size_t n) {
  const Quad count = static_cast<double>(n);
  Quad mean = 0, variance = 0, mean_c = 0, along = 0;
  for (std::size_t i = 0; o.centered && i < n; ++i) {
    mean += Quad(x[i]) / count;
    mean_c += Quad(c[i]) / count;
  }
  for (std::size_t i = 0; i < n; ++i) variance += (Quad(x[i]) - mean) * (Quad(x[i]) - mean) / count;
  const Quad rate = Quad(1) / sqrt(variance + Quad(static_cast<T>(o.epsilon)));
  Results<Quad> r;
  for (std::size_t i = 0; i < n; ++i) {
    r.y.push_back((Quad(x[i]) - mean) * rate);
    along += Quad(c[i]) * r.y[i] / count;
  }
  for (std::size_t i = 0; i < n; ++i) {
    r.grad.push_back(rate * (Quad(c[i]) - mean_c - r.y[i] * along));
  }
  return r;
}

/// With a mean of about 1 and a variance of about 1 all terms are of order 1, or of the order of
/// 1 / sqrt(epsilon), less than 320, in a row of one element. Each of the two or three sums behind
/// a result is off by the levels of its tree.
template <class T>
void check(const s::RowStatistics& o, std::size_t n) {
  const std::vector<T> x = values<T>(rows * n, 1, T(1)), c = values<T>(rows * n, 2, T(0));
  const Results<T> got = run(o, x, c);
  const double levels = 32 + std::log2(static_cast<double>(n) + 1) + 2;
  const double units = 4 * levels * (n == 1 ? 320.0 * 320.0 : n < 8 ? 320.0 : 8.0);
  const Quad bound = Quad(units) * Quad(std::numeric_limits<T>::epsilon());
  for (std::size_t r = 0; r < rows; ++r) {
    const Results<Quad> row = exact(o, x.data() + r * n, c.data() + r * n, n);
    for (std::size_t i = 0; i < n; ++i) {
      BOOST_TEST((abs(Quad(got.y[r * n + i]) - row.y[i]) <= bound));
      BOOST_TEST((abs(Quad(got.grad[r * n + i]) - row.grad[i]) <= bound));
    }
  }
}

template <class T>
void check_same_bits(const s::RowStatistics& o, std::size_t n) {
  const std::vector<T> x = values<T>(rows * n, 1, T(1)), c = values<T>(rows * n, 2, T(0));
  const Results<T> expected = run(o, x, c);
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    BOOST_TEST((run(o, x, c) == expected), hwy::TargetName(target) << " " << n);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_normalize_suite)

BOOST_AUTO_TEST_CASE(rows_of_every_length) {
  for (const s::RowStatistics& o : settings) {
    for (std::size_t n : lengths) {
      BOOST_TEST_CONTEXT("n " << n << " centred " << o.centered) {
        check<float>(o, n);
        check<double>(o, n);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(every_instruction_set_gives_the_same_bits) {
  for (const s::RowStatistics& o : settings) {
    for (std::size_t n : lengths) {
      check_same_bits<float>(o, n);
      check_same_bits<double>(o, n);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
