#pragma once

#include <algorithm>
#include <cmath>

#include "autodiff/kernels/parallel.hpp"
#include "autodiff/kernels/simd/channel_sums.hpp"
#include "autodiff/kernels/simd/normalize.hpp"
#include "autodiff/scalar/scalar.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

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

  /// Elements of `work` that so many sums of each channel need.
  [[nodiscard]] std::size_t work_for_sums(std::size_t sums) const {
    return sums * static_cast<std::size_t>(blocks() * channels);
  }

  /// sums[c] = the sum of channel c.
  template <class T>
  void sums(const Parallel* parallel, const T* x, T* sums, T* work) const {
    add_rows(parallel, 1, sums, work, [&](Index at, T* own) {
      if constexpr (Vectorized<T>) {
        simd::add_channel_sums(x + at, own, count_of(channels), count_of(inner));
      } else {
        each(at, [&](Index c, Index i) { own[c] += x[i]; });
      }
    });
  }

  /// sums[c] = the sum of (x - about[c])^2 over channel c.
  template <class T>
  void squares(const Parallel* parallel, const T* x, const T* about, T* sums, T* work) const {
    add_rows(parallel, 1, sums, work, [&](Index at, T* own) {
      if constexpr (Vectorized<T>) {
        simd::add_channel_squares(x + at, about, own, count_of(channels), count_of(inner));
      } else {
        each(at, [&](Index c, Index i) { own[c] += (x[i] - about[c]) * (x[i] - about[c]); });
      }
    });
  }

  /// sums[k] = the sum of c over channel k, and behind them, in the same pass,
  /// sums[channels + k] = that of c (x - about[k]).
  template <class T>
  void products(const Parallel* parallel, const T* c, const T* x, const T* about, T* sums,
                T* work) const {
    add_rows(parallel, 2, sums, work, [&](Index at, T* own) {
      if constexpr (Vectorized<T>) {
        simd::add_channel_products(c + at, x + at, about, own, count_of(channels), count_of(inner));
      } else {
        each(at, [&](Index k, Index i) {
          own[k] += c[i];
          own[channels + k] += c[i] * (x[i] - about[k]);
        });
      }
    });
  }

  /// The mean and, in two passes, the biased variance of each channel.
  template <class T>
  void moments(const Parallel* parallel, const T* x, T* mean, T* variance, T* work) const {
    sums(parallel, x, mean, work);
    divide(mean);
    squares(parallel, x, mean, variance, work);
    divide(variance);
  }

  /// Sums of channels become means.
  template <class T>
  void divide(T* sums) const {
    const T n = T(static_cast<double>(count()));
    for (Index c = 0; c < channels; ++c) sums[c] /= n;
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

  static std::size_t count_of(Index n) { return static_cast<std::size_t>(n); }

  /// out = the sum over rows of what add(place of the row, sums) adds for it, `many` sums a channel.
  template <class T, class Add>
  void add_rows(const Parallel* parallel, Index many, T* out, T* work, Add add) const {
    share(parallel, blocks(), block_rows, [&](Index first, Index last) {
      for (Index block = first; block < last; ++block) {
        T* const own = work + block * many * channels;
        std::fill_n(own, many * channels, T(0));
        const Index stop = std::min(outer, (block + 1) * block_rows);
        for (Index o = block * block_rows; o < stop; ++o) add(o * channels * inner, own);
      }
    });
    std::fill_n(out, many * channels, T(0));
    for (Index block = 0; block < blocks(); ++block) {
      const T* const own = work + block * many * channels;
      for (Index c = 0; c < many * channels; ++c) out[c] += own[c];
    }
  }

  /// Calls visit(channel, element) for a row.
  template <class Visit>
  void each(Index at, Visit visit) const {
    for (Index c = 0; c < channels; ++c) {
      for (Index i = 0; i < inner; ++i, ++at) visit(c, at);
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

  /// Elements of `work`.
  [[nodiscard]] static std::size_t work_for(const ChannelView& view) {
    return 2 * static_cast<std::size_t>(view.channels) + view.work_for_sums(1);
  }
  Normalizer(const Parallel* parallel, const ChannelView& view, bool centered, double epsilon,
             const T* x, T* work)
      : shift(work), rate(work + view.channels) {
    using std::sqrt;
    T* const sums = work + 2 * view.channels;
    if (centered) {
      view.moments(parallel, x, shift, rate, sums);
    } else {
      std::fill_n(shift, view.channels, T(0));
      view.squares(parallel, x, shift, rate, sums);
      view.divide(rate);
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
