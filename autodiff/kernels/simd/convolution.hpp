#pragma once

#include <cstddef>
#include <span>

#include "autodiff/kernels/simd/parts.hpp"

/// The inner loops of convolutions with few channels, for float and double. Sums run in a fixed
/// order; results may differ in the last bits between instruction sets.
namespace dtheta::simd {

/// Where a window meets the elements under it. An element is found at
///   the offset of a term (one for each tap of each channel)
///   + that of a position, plane * plane_stride + row * row_stride + column.
struct Correlation {
  std::span<const std::ptrdiff_t> taps;
  std::size_t channels = 1;
  std::ptrdiff_t channel_stride = 0;
  std::size_t planes = 1, rows = 1, columns = 1;  // positions
  std::ptrdiff_t plane_stride = 0, row_stride = 0;

  [[nodiscard]] std::size_t terms() const { return channels * taps.size(); }
  [[nodiscard]] std::size_t positions() const { return planes * rows * columns; }
  [[nodiscard]] std::ptrdiff_t term(std::size_t i) const {
    const auto channel = static_cast<std::ptrdiff_t>(i / taps.size());
    return channel * channel_stride + taps[i % taps.size()];
  }
};

/// Elements behind the last one used that the loops may read, of either type.
inline constexpr std::size_t correlation_slack = 16;

/// Channels of y whose sums are made together, at most: by the registers of this machine.
[[nodiscard]] std::size_t correlation_channels();

/// Writes the weights of terms t and channels o, first(t)[o * stride], as correlate() reads them: those of
/// channels that are made together stand side by side, term after term.
template <class T, class First>
void pack_correlation(std::size_t terms, std::size_t out, const First& first, std::size_t stride,
                      T* packed) {
  const Parts parts(out, correlation_channels());
  for (std::size_t p = 0; p < parts.count; ++p) {
    for (std::size_t t = 0; t < terms; ++t) {
      const T* from = first(t) + parts.start(p) * stride;
      for (std::size_t i = parts.size(p); i > 0; --i, from += stride) *packed++ = *from;
    }
  }
}

/// y[o][p] = bias[o] + sum over the terms t of w of t and o * (x at t and p), for `out` channels o;
/// without bias when that is null. w is packed.
void correlate(const Correlation& c, std::size_t out, const float* x, const float* w,
               const float* bias, float* y);
void correlate(const Correlation& c, std::size_t out, const double* x, const double* w,
               const double* bias, double* y);

/// Samples of x and y, so many elements apart.
struct Samples {
  std::size_t count = 1;
  std::size_t x_stride = 0, y_stride = 0;
};

/// Elements of the widest register.
inline constexpr std::size_t widest_register = 16;
/// Channels of y that are taken together below, at most.
inline constexpr std::size_t packed_channels = 6;
/// Elements of work that correlate_weights needs.
[[nodiscard]] inline std::size_t weights_work(const Correlation& c, const Samples& samples) {
  const std::size_t row = (c.columns + widest_register - 1) / widest_register * widest_register;
  return samples.count * c.planes * c.rows * row * packed_channels;
}

/// Elements of the sums below: a register for each weight.
[[nodiscard]] inline std::size_t lane_sums(const Correlation& c, std::size_t out) {
  return out * c.terms() * widest_register;
}
/// To the sums of the weights of t and o the products y[o][p] * (x at t and p) of all samples and positions p, each
/// to one element of a register or another: so the sums go on over many calls.
void correlate_weights(const Correlation& c, std::size_t out, const Samples& samples,
                       const float* x, const float* y, float* sums, float* work);
void correlate_weights(const Correlation& c, std::size_t out, const Samples& samples,
                       const double* x, const double* y, double* sums, double* work);

/// Rows of weights, so many elements apart.
template <class T>
struct WeightRows {
  T* first;
  std::size_t stride;
};

/// w[o][t] += the sum of t and o
void add_totals(const Correlation& c, std::size_t out, const float* sums,
                const WeightRows<float>& w);
void add_totals(const Correlation& c, std::size_t out, const double* sums,
                const WeightRows<double>& w);

}  // namespace dtheta::simd
