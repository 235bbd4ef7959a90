#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/kernels/simd/normalize.hpp"
#include "autodiff/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// The sum of f(0) ... f(n - 1), in eight lanes and by blocks: the error grows with n / 128, and
/// the lanes may be vectorised.
template <class T, class F>
T sum_of(Index n, F f) {
  constexpr Index lanes = 8, block = 128;
  T total(0);
  for (Index start = 0; start < n; start += block) {
    const Index stop = std::min(n, start + block), whole = start + (stop - start) / lanes * lanes;
    std::array<T, lanes> sum{};
    for (Index i = start; i < whole; i += lanes) {
      for (Index k = 0; k < lanes; ++k) sum[static_cast<std::size_t>(k)] += f(i + k);
    }
    for (Index i = whole; i < stop; ++i) sum[0] += f(i);
    total += ((sum[0] + sum[4]) + (sum[2] + sum[6])) + ((sum[1] + sum[5]) + (sum[3] + sum[7]));
  }
  return total;
}

/// A tensor seen as (outer, channels, inner), with statistics taken for each channel.
struct ChannelView {
  Index outer = 1;
  Index channels = 1;
  Index inner = 1;
  friend constexpr bool operator==(const ChannelView&, const ChannelView&) = default;

  [[nodiscard]] Index size() const { return outer * channels * inner; }
  /// Elements of a channel.
  [[nodiscard]] Index count() const { return outer * inner; }

  /// Calls visit(channel, offset) for each contiguous run of `inner` elements, in order.
  template <class Visit>
  void for_each_run(Visit visit) const {
    Index at = 0;
    for (Index o = 0; o < outer; ++o) {
      for (Index c = 0; c < channels; ++c, at += inner) visit(c, at);
    }
  }

  /// Calls visit(channel, element) for each element, in order.
  template <class Visit>
  void for_each(Visit visit) const {
    if (inner == 1) {  // a loop that a compiler can vectorise
      for (Index at = 0; at < size(); at += channels) {
        for (Index c = 0; c < channels; ++c) visit(c, at + c);
      }
      return;
    }
    for_each_run([&](Index c, Index at) {
      for (Index i = at; i < at + inner; ++i) visit(c, i);
    });
  }

  /// mean[c] = the sum of f(c, element) over channel c, divided by the count. `block` holds as many
  /// elements as there are channels; runs are summed into it, 32 at a time.
  template <class T, class F>
  void means(T* mean, T* block, F f) const {
    std::fill_n(mean, channels, T(0));
    constexpr Index rows = 32;
    for (Index start = 0; start < outer; start += rows) {
      std::fill_n(block, channels, T(0));
      const Index stop = std::min(outer, start + rows);
      if (inner == 1) {  // along the channels, which are adjacent
        for (Index o = start; o < stop; ++o) {
          for (Index c = 0; c < channels; ++c) block[c] += f(c, o * channels + c);
        }
      }
      for (Index o = start; inner != 1 && o < stop; ++o) {
        for (Index c = 0; c < channels; ++c) {
          const Index at = (o * channels + c) * inner;
          block[c] += sum_of<T>(inner, [&](Index i) { return f(c, at + i); });
        }
      }
      for (Index c = 0; c < channels; ++c) mean[c] += block[c];
    }
    const T n = T(static_cast<double>(count()));
    for (Index c = 0; c < channels; ++c) mean[c] /= n;
  }

  /// The mean and, in two passes, the biased variance of each channel.
  template <class T>
  void moments(const T* x, T* mean, T* variance, T* block) const {
    means(mean, block, [&](Index, Index i) { return x[i]; });
    means(variance, block, [&](Index c, Index i) {
      const T d = x[i] - mean[c];
      return d * d;
    });
  }
};

/// Whether the channels are rows of adjacent elements, for which there are SIMD loops.
[[nodiscard]] inline bool is_rows(const ChannelView& view) {
  constexpr Index worth_it = 8;  // elements of a row
  return view.outer == 1 && view.inner >= worth_it;
}

/// What x is normalised by: (x - shift) * rate for each channel, with rate = 1 / sqrt(v + epsilon)
/// for the variance v; or, without centring, the mean square about 0.
template <class T>
struct Normalizer {
  T* shift;
  T* rate;

  Normalizer(const ChannelView& view, bool centered, double epsilon, const T* x, T* work)
      : shift(work), rate(work + view.channels) {
    using std::sqrt;
    T* const block = work + 2 * view.channels;
    if (centered) {
      view.moments(x, shift, rate, block);
    } else {
      std::fill_n(shift, view.channels, T(0));
      view.means(rate, block, [&](Index, Index i) { return x[i] * x[i]; });
    }
    for (Index c = 0; c < view.channels; ++c) rate[c] = T(1) / sqrt(rate[c] + T(epsilon));
  }
  /// Elements of work for each channel.
  static constexpr std::size_t work_per_channel = 3;

  [[nodiscard]] T operator()(Index c, T x) const { return (x - shift[c]) * rate[c]; }
};

}  // namespace dtheta::detail
