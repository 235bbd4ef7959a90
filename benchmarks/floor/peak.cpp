// What one processor can do at best, to hold everything else against: multiply-adds of registers
// with registers, and bytes between it and memory. Two loops of a few lines, for each instruction
// set that this may run on.
#include "autodiff/kernels/simd/targets.hpp"
#include "benchmarks/floor/floor.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "benchmarks/floor/peak.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::bench::floor::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

// A multiply-add takes some four cycles, and two can begin in each: with twelve that do not depend
// on one another none has to wait, and they and their operands fit into sixteen registers.
constexpr std::size_t chains = 12;

/// x <- x a + b, `rounds` times in each of `chains` registers. Returns their sum: somebody must
/// want it.
template <class T>
double multiply_add(std::size_t rounds) {
  const hn::ScalableTag<T> d;
  const auto a = hn::Set(d, T(0.5)), b = hn::Set(d, T(0.25));
  hn::Vec<decltype(d)> x[chains];
  for (std::size_t c = 0; c < chains; ++c) x[c] = hn::Set(d, static_cast<T>(c));
  for (std::size_t r = 0; r < rounds; ++r) {
#pragma GCC unroll 12
    for (std::size_t c = 0; c < chains; ++c) x[c] = hn::MulAdd(x[c], a, b);
  }
  for (std::size_t c = 1; c < chains; ++c) x[0] = hn::Add(x[0], x[c]);
  return static_cast<double>(hn::GetLane(x[0]));
}
double multiply_add_f32(std::size_t rounds) { return multiply_add<float>(rounds); }
double multiply_add_f64(std::size_t rounds) { return multiply_add<double>(rounds); }

/// Numbers in all registers of multiply_add together.
std::size_t width_f32() { return chains * hn::Lanes(hn::ScalableTag<float>()); }
std::size_t width_f64() { return chains * hn::Lanes(hn::ScalableTag<double>()); }

/// y <- x a + y: reads both, writes one.
void stream(const float* x, float* y, std::size_t n) {
  const hn::ScalableTag<float> d;
  const auto a = hn::Set(d, 0.5F);
  for (std::size_t i = 0; i + hn::Lanes(d) <= n; i += hn::Lanes(d)) {
    hn::StoreU(hn::MulAdd(hn::LoadU(d, x + i), a, hn::LoadU(d, y + i)), d, y + i);
  }
}

}  // namespace dtheta::bench::floor::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace dtheta::bench::floor {
namespace {

HWY_EXPORT(multiply_add_f32);
HWY_EXPORT(multiply_add_f64);
HWY_EXPORT(width_f32);
HWY_EXPORT(width_f64);
HWY_EXPORT(stream);

/// Calls part(t) in `threads` threads at once.
template <class Part>
void at_once(int threads, const Part& part) {
  std::vector<std::jthread> others;
  for (int t = 1; t < threads; ++t) others.emplace_back(part, t);
  part(0);
}

Work arithmetic(bool wide, int threads) {
  constexpr std::size_t rounds = 1 << 20;
  const std::size_t width =
      wide ? HWY_DYNAMIC_DISPATCH(width_f64)() : HWY_DYNAMIC_DISPATCH(width_f32)();
  const auto sums = std::make_shared<std::vector<double>>(threads);
  Work work{[=] {
              at_once(threads, [&](int t) {
                (*sums)[static_cast<std::size_t>(t)] =
                    wide ? HWY_DYNAMIC_DISPATCH(multiply_add_f64)(rounds)
                         : HWY_DYNAMIC_DISPATCH(multiply_add_f32)(rounds);
              });
            },
            [=] { return sums->front(); }};
  work.pieces = 2.0 * static_cast<double>(rounds * width) * threads;
  return work;
}

Work memory(int threads) {
  constexpr std::size_t numbers_each = 1 << 24;  // 64 MB, more than caches hold
  struct Arrays {
    std::vector<float> x = std::vector<float>(numbers_each, 1.0F), y = x;
  };
  const auto arrays = std::make_shared<std::vector<Arrays>>(threads);
  Work work{[=] {
              at_once(threads, [&](int t) {
                Arrays& own = (*arrays)[static_cast<std::size_t>(t)];
                HWY_DYNAMIC_DISPATCH(stream)(own.x.data(), own.y.data(), numbers_each);
              });
            },
            [=] { return static_cast<double>(arrays->front().y.front()); }};
  work.pieces = 3.0 * sizeof(float) * static_cast<double>(numbers_each) * threads;
  return work;
}

}  // namespace

Work peak(const std::string& name, int threads) {
  if (name == "peak-bytes") return memory(threads);
  return arithmetic(name == "peak-f64", threads);
}

}  // namespace dtheta::bench::floor
#endif
