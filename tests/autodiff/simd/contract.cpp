#include "tests/autodiff/simd/reference.hpp"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <functional>
#include <numeric>

namespace {

namespace s = dtheta::simd;
using simd_reference::ForcedTarget;
using simd_reference::UnaryFunction;

template <class T>
using BinaryFunction = void (*)(const T*, const T*, T*, std::size_t);

template <class T>
constexpr T nan_value = std::numeric_limits<T>::quiet_NaN();
template <class T>
constexpr T infinity = std::numeric_limits<T>::infinity();

template <class T>
bool same_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof(T)) == 0 || (std::isnan(a) && std::isnan(b));
}

template <class T>
T apply(BinaryFunction<T> f, T a, T b) {
  T out = 0;
  f(&a, &b, &out, 1);
  return out;
}

/// Every unary function, those included that have no entry in the accuracy table.
template <class T>
std::vector<UnaryFunction<T>> unary_functions() {
  std::vector<UnaryFunction<T>> result{s::neg, s::abs, s::square, s::floor, s::ceil, s::relu};
  for (const auto& f : simd_reference::functions()) result.push_back(f.template get<T>());
  return result;
}

template <class T>
void check_position_independence() {
  // Ordinary numbers beside those that take special paths.
  auto x = simd_reference::points<T>(-4, 4, 8);
  x.resize(1003, T(1e30));
  for (const auto f : unary_functions<T>()) {
    std::vector<T> whole(x.size());
    f(x.data(), whole.data(), x.size());
    std::vector<T> part(x.size());
    int differences = 0;
    for (std::size_t n = 1; n <= 40; ++n) {
      for (std::size_t start = 0; start + n <= x.size(); start += n) {
        f(x.data() + start, part.data(), n);
        for (std::size_t i = 0; i < n; ++i) differences += !same_bits(part[i], whole[start + i]);
      }
    }
    BOOST_TEST(differences == 0);
    auto in_place = x;
    f(in_place.data(), in_place.data(), in_place.size());
    for (std::size_t i = 0; i < x.size(); ++i) differences += !same_bits(in_place[i], whole[i]);
    BOOST_TEST(differences == 0);
  }
}

/// A range of n elements that ends where the next page is forbidden.
template <class T>
class GuardedRange {
 public:
  explicit GuardedRange(std::size_t n) : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))) {
    memory_ = mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    BOOST_REQUIRE(memory_ != MAP_FAILED);
    BOOST_REQUIRE(mprotect(static_cast<char*>(memory_) + page_, page_, PROT_NONE) == 0);
    begin_ = reinterpret_cast<T*>(static_cast<char*>(memory_) + page_) - n;
    std::fill(begin_, begin_ + n, T(1));
  }
  ~GuardedRange() { munmap(memory_, 2 * page_); }
  GuardedRange(const GuardedRange&) = delete;
  GuardedRange& operator=(const GuardedRange&) = delete;

  [[nodiscard]] T* data() const { return begin_; }

 private:
  std::size_t page_;
  void* memory_;
  T* begin_;
};

template <class T>
void check_bounds(std::size_t n) {
  const GuardedRange<T> in(n), out(n);
  T* const before = out.data() - 1;
  *before = T(42);
  s::exp(in.data(), out.data(), n);
  s::sin(in.data(), out.data(), n);
  s::select(in.data(), in.data(), in.data(), out.data(), n);
  BOOST_TEST(*before == T(42));
  BOOST_TEST(s::sum(in.data(), n) == T(n));
  BOOST_TEST(s::dot(in.data(), in.data(), n) == T(n));
}

template <class T>
void check_comparisons() {
  const T nan = nan_value<T>;
  for (const BinaryFunction<T> f : {BinaryFunction<T>(s::maximum), BinaryFunction<T>(s::minimum)}) {
    BOOST_TEST(std::isnan(apply<T>(f, nan, 1)));
    BOOST_TEST(std::isnan(apply<T>(f, 1, nan)));
    BOOST_TEST(std::isnan(apply<T>(f, nan, nan)));
    BOOST_TEST(std::isnan(apply<T>(f, -infinity<T>, nan)));
  }
  BOOST_TEST(apply<T>(s::maximum, 2, 3) == 3);
  BOOST_TEST(apply<T>(s::maximum, 3, 2) == 3);
  BOOST_TEST(apply<T>(s::minimum, 2, 3) == 2);
  BOOST_TEST(apply<T>(s::minimum, 3, -infinity<T>) == -infinity<T>);
  BOOST_TEST(!std::signbit(apply<T>(s::maximum, T(-0.0), T(0.0))));
  BOOST_TEST(!std::signbit(apply<T>(s::maximum, T(0.0), T(-0.0))));
  BOOST_TEST(std::signbit(apply<T>(s::minimum, T(-0.0), T(0.0))));
  BOOST_TEST(std::signbit(apply<T>(s::minimum, T(0.0), T(-0.0))));

  BOOST_TEST(apply<T>(s::greater, 2, 1) == 1);
  BOOST_TEST(apply<T>(s::greater, 1, 1) == 0);
  BOOST_TEST(apply<T>(s::greater, nan, 1) == 0);
  BOOST_TEST(apply<T>(s::relu_grad, 5, T(0.1)) == 5);
  BOOST_TEST(apply<T>(s::relu_grad, 5, 0) == 0);
  BOOST_TEST(apply<T>(s::relu_grad, infinity<T>, -1) == 0);
  BOOST_TEST(std::isnan(apply<T>(s::relu_grad, nan, 1)));

  const std::vector<T> cond{1, 0, T(-0.0), nan, -3}, a{1, 2, 3, 4, 5}, b{-1, -2, -3, -4, -5};
  std::vector<T> out(5);
  s::select(cond.data(), a.data(), b.data(), out.data(), 5);
  BOOST_TEST(out == (std::vector<T>{1, -2, -3, 4, 5}), boost::test_tools::per_element());
}

template <class T>
void check_rounding_functions() {
  const std::vector<T> x{T(-0.5), T(0.5), T(-0.0), 0, T(1.5), T(-1.5), T(1e30), infinity<T>};
  std::vector<T> down(x.size()), up(x.size());
  s::floor(x.data(), down.data(), x.size());
  s::ceil(x.data(), up.data(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    BOOST_TEST(same_bits(down[i], std::floor(x[i])));
    BOOST_TEST(same_bits(up[i], std::ceil(x[i])));
  }
}

/// The scalar operators, and fma_add as two of them.
template <class T>
void check_arithmetic() {
  std::mt19937 random(3);
  std::normal_distribution<T> normal;
  constexpr std::size_t n = 137;
  std::vector<T> a(n), b(n), c(n), out(n);
  for (auto* v : {&a, &b, &c}) {
    for (T& e : *v) e = normal(random);
  }
  const auto check = [&](BinaryFunction<T> f, auto scalar) {
    f(a.data(), b.data(), out.data(), n);
    int differences = 0;
    for (std::size_t i = 0; i < n; ++i) differences += !same_bits(out[i], T(scalar(a[i], b[i])));
    BOOST_TEST(differences == 0);
  };
  check(s::add, std::plus<T>{});
  check(s::sub, std::minus<T>{});
  check(s::mul, std::multiplies<T>{});
  check(s::div, std::divides<T>{});

  std::vector<T> product(n), sum(n);
  s::mul(a.data(), b.data(), product.data(), n);
  s::add(product.data(), c.data(), sum.data(), n);
  s::fma_add(a.data(), b.data(), c.data(), out.data(), n);
  BOOST_TEST(std::memcmp(sum.data(), out.data(), n * sizeof(T)) == 0);
}

template <class Check>
void on_every_target(Check check) {
  for (const auto target : simd_reference::targets()) {
    BOOST_TEST_CONTEXT(hwy::TargetName(target)) {
      const ForcedTarget forced(target);
      check();
    }
  }
}

BOOST_AUTO_TEST_SUITE(simd_contract_suite)

BOOST_AUTO_TEST_CASE(a_result_depends_on_the_value_alone_and_may_overwrite_it) {
  on_every_target([] {
    check_position_independence<float>();
    check_position_independence<double>();
  });
}

BOOST_AUTO_TEST_CASE(nothing_outside_the_range_is_touched) {
  on_every_target([] {
    for (std::size_t n = 0; n <= 70; ++n) {
      check_bounds<float>(n);
      check_bounds<double>(n);
    }
  });
}

BOOST_AUTO_TEST_CASE(comparisons_and_selection) {
  on_every_target([] {
    check_comparisons<float>();
    check_comparisons<double>();
  });
}

BOOST_AUTO_TEST_CASE(rounding_keeps_the_sign_of_zero) {
  on_every_target([] {
    check_rounding_functions<float>();
    check_rounding_functions<double>();
  });
}

BOOST_AUTO_TEST_CASE(arithmetic_is_that_of_the_scalar_operators) {
  on_every_target([] {
    check_arithmetic<float>();
    check_arithmetic<double>();
  });
}

BOOST_AUTO_TEST_CASE(relu_lets_nan_through) {
  const double x[] = {-1, 0, 2, nan_value<double>, infinity<double>, -infinity<double>};
  double y[6];
  s::relu(x, y, 6);
  BOOST_TEST(y[0] == 0);
  BOOST_TEST(y[1] == 0);
  BOOST_TEST(y[2] == 2);
  BOOST_TEST(std::isnan(y[3]));
  BOOST_TEST(y[4] == infinity<double>);
  BOOST_TEST(y[5] == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
