#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "autodiff/kernels/convolution.hpp"
#include "tests/autodiff/simd/reference.hpp"

namespace {

using dtheta::Index;
using dtheta::Window;
using dtheta::detail::Convolution;
using simd_reference::ForcedTarget;

struct Case {
  Window window;
  Index groups, samples, in, out;

  [[nodiscard]] Convolution convolution() const { return {window, groups, samples, in, out}; }
};

struct Axis {
  Index in, size, stride = 1, before = 0, after = 0, dilation = 1;
};

Window window(std::initializer_list<Axis> axes) {
  Window w;
  w.axes = static_cast<int>(axes.size());
  auto a = Window::max_axes - axes.size();
  for (const Axis& x : axes) {
    w.in[a] = x.in, w.size[a] = x.size, w.stride[a] = x.stride;
    w.before[a] = x.before, w.after[a] = x.after, w.dilation[a] = x.dilation;
    w.out[a] = (x.in + x.before + x.after - x.dilation * (x.size - 1) - 1) / x.stride + 1;
    ++a;
  }
  return w;
}

/// Rows shorter and longer than a register, channels that fill no tile and several, strides,
/// dilation, padding wider than the window, windows of one tap, more channels than are summed
/// directly; channels in registers with strides in each axis, one panel of them and a bit, several groups,
/// planes in place, weights that threads share by channels; samples in registers, less and more than
/// are taken together; one register of channels at runs of positions and taps: rows as they are, in parts, longer
/// than a list, none but for dilation and strides.
std::vector<Case> all_cases() {
  std::vector<Case> list{
      {window({{28, 5, 1, 2, 2}, {28, 5, 1, 2, 2}}), 1, 3, 1, 6},
      {window({{14, 5}, {14, 5}}), 1, 12, 6, 16},
      {window({{9, 3, 2, 1, 1}, {37, 3, 2, 1, 1}}), 1, 2, 3, 5},
      {window({{7, 2, 1, 0, 1, 2}, {50, 4, 3, 2, 0, 3}}), 2, 2, 2, 7},
      {window({{6, 3, 1, 1, 1}, {20, 3, 1, 1, 1}}), 5, 2, 1, 1},
      {window({{4, 2, 1, 4, 3}, {5, 2, 1, 3, 4}}), 1, 2, 2, 3},
      {window({{70, 7, 1, 3, 3}}), 1, 2, 4, 9},
      {window({{3, 2}, {4, 3, 1, 1, 1}, {18, 3, 2, 0, 1}}), 1, 2, 2, 4},
      {window({{8, 1}, {17, 3}}), 1, 1, 258, 2},
      {window({{8, 3}, {17, 3}}), 1, 2, 2, 258},
      {window({{5, 1, 2}, {5, 1, 2}}), 1, 2, 3, 4},
      {window({{6, 1}, {7, 1, 2}}), 1, 2, 3, 4},
      {window({{4, 3, 1, 1, 1}, {6, 2}}), 2, 19, 1, 2},
      {window({{1, 1}, {1, 2, 1, 1, 0}}), 1, 1, 1, 1},
      {window({{8, 3, 1, 1, 1}, {8, 3, 1, 1, 1}}), 1, 5, 3, 32},
      {window({{9, 3, 2, 1, 1}, {7, 3, 2, 1, 1}}), 1, 3, 15, 80},
      {window({{5, 2, 3, 1}, {6, 4, 2, 3, 1, 2}, {11, 3, 4, 2, 1, 2}}), 2, 2, 16, 14},
      {window({{3, 1, 2}, {80, 5, 3, 2, 2}}), 1, 2, 13, 31},
      {window({{7, 5, 7, 2, 2}}), 1, 3, 16, 16},
      {window({{6, 1}, {7, 1}}), 1, 6, 17, 33},
      {window({{7, 1}, {6, 1}}), 3, 2, 1, 2},
      {window({{6, 3, 1, 1, 1}, {6, 3, 1, 1, 1}}), 1, 9, 40, 100},
      {window({{6, 3, 1, 1, 1}, {6, 3, 1, 1, 1}}), 3, 2, 33, 48},
      {window({{6, 5}, {6, 5}}), 1, 17, 6, 16},
      {window({{5, 3, 1, 2, 2}, {4, 3, 1, 1, 2}}), 1, 35, 5, 6},
      {window({{4, 3, 2, 1, 1}, {5, 3, 2, 1, 1}}), 1, 64, 5, 7},
      {window({{5, 3, 1, 1, 1}, {5, 3, 1, 1, 1}}), 2, 16, 4, 5},
      {window({{3, 2, 1, 1}, {6, 3, 1, 2, 2, 2}, {4, 2, 2, 1, 1}}), 1, 98, 12, 20},
      {window({{6, 3, 1, 1, 1}, {28, 3, 1, 1, 1}}), 1, 2, 16, 12},
      {window({{5, 2}, {100, 4, 1, 1, 2}}), 1, 2, 12, 10},
      {window({{9, 7, 1, 3, 3}, {11, 7, 1, 3, 3}}), 1, 2, 14, 16},
      {window({{8, 2}, {16, 2}}), 2, 2, 9, 13},
      {window({{6, 3, 1, 2, 2, 2}, {13, 3, 1, 2, 2, 2}}), 1, 2, 12, 11},
      {window({{8, 4, 2, 1, 1}, {12, 4, 2, 1, 1}}), 1, 2, 16, 16},
      {window({{9, 6, 3}, {14, 9, 3, 4, 4}}), 1, 2, 13, 16},
      {window({{5, 3}, {5, 3}}), 1, 3, 16, 10},
      {window({{3, 1}, {7, 2}, {11, 3}}), 1, 2, 10, 14},
      {window({{69, 5}}), 1, 2, 16, 15},
      {window({{30, 3}, {3, 1}}), 1, 2, 9, 16}};
  // One register of channels at runs of each length.
  for (const Index taps : {2, 3, 4, 5, 7}) {
    for (const Index columns : {3, 4, 5, 6, 7, 8, 9, 10, 13, 28}) {
      list.push_back({window({{4, 2}, {columns + taps - 1, taps}}), 1, 1, 16, 16});
    }
  }
  return list;
}
const std::vector<Case>& cases() {
  static const std::vector<Case> list = all_cases();
  return list;
}

enum class Kernel { forward, forward_with_bias, data_adjoint, weight_adjoint };

constexpr std::size_t guard = 64;  // elements behind an array, which must stay as they are
constexpr int guarded = 77;

/// What one kernel computes from operands that are given in double.
template <class T>
std::vector<T> run(const Case& c, Kernel kernel, const std::vector<double>& first,
                   const std::vector<double>& second, const std::vector<double>& bias,
                   const dtheta::Parallel* parallel = nullptr) {
  const Convolution conv = c.convolution();
  const auto n = [](Index i) { return static_cast<std::size_t>(i); };
  const std::vector<T> a(first.begin(), first.end()), b(second.begin(), second.end()),
      biases(bias.begin(), bias.end());
  std::vector<T> work(conv.scratch() + guard, T(guarded));
  const std::size_t size = kernel == Kernel::data_adjoint     ? n(c.samples * conv.x_size())
                           : kernel == Kernel::weight_adjoint ? n(c.groups * conv.w_size())
                                                              : n(c.samples * conv.y_size());
  std::vector<T> out(size + guard, T(guarded));
  const T* none = nullptr;
  switch (kernel) {
    case Kernel::forward:
      conv.forward(a.data(), b.data(), none, out.data(), work.data(), parallel);
      break;
    case Kernel::forward_with_bias:
      conv.forward(a.data(), b.data(), biases.data(), out.data(), work.data(), parallel);
      break;
    case Kernel::data_adjoint:
      conv.data_adjoint(a.data(), b.data(), out.data(), work.data(), parallel);
      break;
    case Kernel::weight_adjoint:
      conv.weight_adjoint(a.data(), b.data(), out.data(), work.data(), parallel);
      break;
  }
  for (std::size_t i = 0; i < guard; ++i) {
    BOOST_REQUIRE(out[size + i] == T(guarded));
    BOOST_REQUIRE(work[conv.scratch() + i] == T(guarded));
  }
  out.resize(size);
  return out;
}

std::vector<double> values(Index n, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  std::vector<double> v(static_cast<std::size_t>(n));
  for (double& x : v) x = static_cast<double>(uniform(random));
  return v;
}
std::vector<double> magnitudes(std::vector<double> v) {
  for (double& x : v) x = std::abs(x);
  return v;
}

struct Operands {
  std::vector<double> first, second, bias;
};
Operands operands(const Case& c, Kernel kernel) {
  const Convolution conv = c.convolution();
  const Index x = c.samples * conv.x_size(), y = c.samples * conv.y_size();
  const Index w = c.groups * conv.w_size();
  return {values(kernel == Kernel::data_adjoint ? y : x, 1),
          values(kernel == Kernel::weight_adjoint ? y : w, 2), values(c.groups * c.out, 3)};
}

/// A sum of n products in any order is within (n + 1) eps times the sum of their magnitudes.
template <class T>
void check(const Case& c, Kernel kernel) {
  const auto [a, b, bias] = operands(c, kernel);
  const std::vector<T> got = run<T>(c, kernel, a, b, bias);
  const auto exact = run<long double>(c, kernel, a, b, bias);
  const auto bound = run<long double>(c, kernel, magnitudes(a), magnitudes(b), magnitudes(bias));
  const Convolution conv = c.convolution();
  const Index terms = kernel == Kernel::data_adjoint     ? c.out * c.window.taps()
                      : kernel == Kernel::weight_adjoint ? c.samples * c.window.out_size()
                                                         : conv.rows() + 1;
  const long double eps = std::numeric_limits<T>::epsilon() / 2;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const long double error = std::abs(static_cast<long double>(got[i]) - exact[i]);
    BOOST_REQUIRE(error <= static_cast<long double>(terms + 1) * eps * bound[i]);
  }
}

constexpr Kernel kernels[] = {Kernel::forward, Kernel::forward_with_bias, Kernel::data_adjoint,
                              Kernel::weight_adjoint};

/// Infinity and NaN reach the results that they belong to, and no others.
template <class T>
void check_special_values(const Case& c, Kernel kernel, double special) {
  auto [a, b, bias] = operands(c, kernel);
  a[a.size() / 2] = a.back() = special;
  b[b.size() / 3] = special;
  const std::vector<T> got = run<T>(c, kernel, a, b, bias);
  const auto plain = run<long double>(c, kernel, a, b, bias);
  for (std::size_t i = 0; i < got.size(); ++i) {
    BOOST_REQUIRE(std::isfinite(got[i]) == std::isfinite(plain[i]));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(simd_convolution_suite)

BOOST_AUTO_TEST_CASE(errors_stay_within_the_bound_of_a_sum) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (std::size_t i = 0; i < cases().size(); ++i) {
      for (const Kernel kernel : kernels) {
        BOOST_TEST_CONTEXT(hwy::TargetName(target) << " case " << i << " kernel " << int(kernel)) {
          check<float>(cases()[i], kernel);
          check<double>(cases()[i], kernel);
        }
      }
    }
  }
}

/// Sizes that nobody chose, by the kernels of this machine.
BOOST_AUTO_TEST_CASE(any_sizes_stay_within_the_bound_too) {
  const dtheta::Parallel two(2);
  std::mt19937 random(20261201);
  const auto between = [&](Index least, Index most) {
    return least + static_cast<Index>(random() % static_cast<unsigned>(most - least + 1));
  };
  const auto now_and_then = [&] { return between(1, 3) == 3 ? between(1, 3) : 1; };
  const auto axis = [&](Index least, Index most) {
    const Axis a{between(least, most), between(1, 6), now_and_then(),
                 between(0, 3),        between(0, 3), now_and_then()};
    // A filter that does not fit has more padding.
    return Axis{a.in, a.size, a.stride, a.before, a.after + a.dilation * (a.size - 1), a.dilation};
  };
  for (int i = 0; i < 600; ++i) {
    const Case c{window({axis(1, 6), axis(1, 30)}), between(1, 2), between(1, 36), between(1, 18),
                 between(1, 2) == 1 ? 16 : between(1, 20)};
    constexpr Index most_products = 300'000;
    if (c.groups * c.samples * c.in * c.out * c.window.out_size() * c.window.taps() > most_products)
      continue;
    for (const Kernel kernel : kernels) {
      BOOST_TEST_CONTEXT("case " << i << " kernel " << int(kernel)) {
        check<float>(c, kernel);
        check<double>(c, kernel);
        const auto [a, b, bias] = operands(c, kernel);
        BOOST_REQUIRE(
            (run<float>(c, kernel, a, b, bias) == run<float>(c, kernel, a, b, bias, &two)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_show_in_the_result) {
  std::vector<Case> list = cases();
  list.push_back({window({{6, 3}, {9, 3, 1, 1, 1}}), 1, 37, 2, 3});  // several shares
  for (unsigned threads : {2U, 3U}) {
    const dtheta::Parallel parallel(threads);
    for (const Case& c : list) {
      for (const Kernel kernel : kernels) {
        const auto [a, b, bias] = operands(c, kernel);
        BOOST_TEST(
            (run<float>(c, kernel, a, b, bias) == run<float>(c, kernel, a, b, bias, &parallel)));
        BOOST_TEST(
            (run<double>(c, kernel, a, b, bias) == run<double>(c, kernel, a, b, bias, &parallel)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(nan_and_infinity_stay_where_they_belong) {
  for (const auto target : simd_reference::targets()) {
    const ForcedTarget forced(target);
    for (std::size_t i = 0; i < cases().size(); ++i) {
      // Products with the zeros of the padding are not computed by matrix products and direct sums
      // alike, so windows here stay inside.
      if (cases()[i].window.before != Window::PerAxis{} ||
          cases()[i].window.after != Window::PerAxis{}) {
        continue;
      }
      for (const Kernel kernel : {Kernel::forward, Kernel::weight_adjoint}) {
        BOOST_TEST_CONTEXT(hwy::TargetName(target) << " case " << i << " kernel " << int(kernel)) {
          for (double special : {std::numeric_limits<double>::infinity(),
                                 std::numeric_limits<double>::quiet_NaN()}) {
            check_special_values<float>(cases()[i], kernel, special);
            check_special_values<double>(cases()[i], kernel, special);
          }
        }
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
