#pragma once

#include <algorithm>
#include <array>
#include <cmath>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/simd/normalize.hpp"
#include "autodiff/scalar/scalar.hpp"
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
///
/// Threads share the outer rows, not the channels: so each reads what it has just computed, as the
/// ops beside these are shared by samples. Where one thread's part ends does not show in the bits:
/// sums are made for blocks of rows, which are added in order.
struct ChannelView {
  Index outer = 1;
  Index channels = 1;
  Index inner = 1;
  friend constexpr bool operator==(const ChannelView&, const ChannelView&) = default;

  [[nodiscard]] Index size() const { return outer * channels * inner; }
  /// Elements of a channel.
  [[nodiscard]] Index count() const { return outer * inner; }

  /// Outer rows of a block: some threads have some each even for small batches, and the error of a
  /// sum grows with the number of blocks.
  static constexpr Index block_rows = 8;
  [[nodiscard]] Index blocks() const { return (outer + block_rows - 1) / block_rows; }

  /// Calls of(c)(element) for each element of each channel c. What `of` reads for a channel it
  /// should keep: then it is read once for each run of elements.
  template <class Of>
  void for_each(const Parallel* parallel, Of of) const {
    share(parallel, outer, 1, [&](Index first, Index last) {
      for (Index o = first; o < last; ++o) {
        if (inner == 1) {  // a loop that a compiler can vectorise
          for (Index c = 0; c < channels; ++c) of(c)(o * channels + c);
          continue;
        }
        for (Index c = 0; c < channels; ++c) {
          const auto visit = of(c);
          const Index at = (o * channels + c) * inner;
          for (Index i = at; i < at + inner; ++i) visit(i);
        }
      }
    });
  }

  /// mean[c] = the sum of of(c)(element) over channel c, divided by the count. `sums` has room for
  /// one element for each channel of each block.
  template <class T, class Of>
  void means(const Parallel* parallel, T* mean, T* sums, Of of) const {
    share(parallel, blocks(), block_rows, [&](Index first, Index last) {
      for (Index block = first; block < last; ++block) {
        T* const own = sums + block * channels;
        std::fill_n(own, channels, T(0));
        const Index stop = std::min(outer, (block + 1) * block_rows);
        for (Index o = block * block_rows; o < stop; ++o) add_row(o, of, own);
      }
    });
    std::fill_n(mean, channels, T(0));
    for (Index block = 0; block < blocks(); ++block) {
      for (Index c = 0; c < channels; ++c) mean[c] += sums[block * channels + c];
    }
    const T n = T(static_cast<double>(count()));
    for (Index c = 0; c < channels; ++c) mean[c] /= n;
  }

  /// The mean and, in two passes, the biased variance of each channel.
  template <class T>
  void moments(const Parallel* parallel, const T* x, T* mean, T* variance, T* sums) const {
    means(parallel, mean, sums, [&](Index) { return [x](Index i) { return x[i]; }; });
    means(parallel, variance, sums, [&](Index c) {
      return [x, m = mean[c]](Index i) {
        const T d = x[i] - m;
        return d * d;
      };
    });
  }

 private:
  /// Calls body(first, last) for runs of `count` things, each of so many outer rows.
  template <class Body>
  void share(const Parallel* parallel, Index things, Index rows, Body body) const {
    const auto n = [](Index i) { return static_cast<std::size_t>(i); };
    for_each_run(parallel, n(things), rows_at_once(n(rows * channels * inner)),
                 [&](std::size_t first, std::size_t run) {
                   body(static_cast<Index>(first), static_cast<Index>(first + run));
                 });
  }

  /// Adds what row o has for each channel to its sum.
  template <class T, class Of>
  void add_row(Index o, Of of, T* sums) const {
    if (inner == 1) {  // along the channels, which are adjacent
      for (Index c = 0; c < channels; ++c) sums[c] += of(c)(o * channels + c);
      return;
    }
    for (Index c = 0; c < channels; ++c) {
      const auto f = of(c);
      const Index at = (o * channels + c) * inner;
      sums[c] += sum_of<T>(inner, [&](Index i) { return f(at + i); });
    }
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
  T* sums;  // room for ChannelView::means

  /// Elements of `work`.
  [[nodiscard]] static std::size_t work_for(const ChannelView& view) {
    return static_cast<std::size_t>((2 + view.blocks()) * view.channels);
  }
  Normalizer(const Parallel* parallel, const ChannelView& view, bool centered, double epsilon,
             const T* x, T* work)
      : shift(work), rate(work + view.channels), sums(work + 2 * view.channels) {
    using std::sqrt;
    if (centered) {
      view.moments(parallel, x, shift, rate, sums);
    } else {
      std::fill_n(shift, view.channels, T(0));
      view.means(parallel, rate, sums, [&](Index) { return [x](Index i) { return x[i] * x[i]; }; });
    }
    for (Index c = 0; c < view.channels; ++c) rate[c] = T(1) / sqrt(rate[c] + T(epsilon));
  }

  struct OfChannel {
    T shift, rate;
    [[nodiscard]] T operator()(T x) const { return (x - shift) * rate; }
  };
  [[nodiscard]] OfChannel of(Index c) const { return {shift[c], rate[c]}; }
};

}  // namespace dtheta::detail
