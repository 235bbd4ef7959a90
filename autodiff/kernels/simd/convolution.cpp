// Convolutions as sums of products of registers, without a matrix of columns. A register holds
// neighbouring positions of a row. A tile of accumulators, some output channels by some registers
// of positions (or by some terms, for the gradient of the weights), is as large as the register
// file allows, so that each element loaded is used several times.
#include "autodiff/kernels/simd/convolution.hpp"

#include <algorithm>

#include "autodiff/kernels/simd/targets.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "autodiff/kernels/simd/convolution.cpp"
#include "hwy/foreach_target.h"  // IWYU pragma: keep

#include "autodiff/kernels/simd/tile-inl.h"
#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace dtheta::simd::HWY_NAMESPACE {

/// A register of positions: where the first one's elements and result are, and how many there are.
struct Segment {
  std::ptrdiff_t from = 0;
  std::size_t to = 0;
  std::size_t count = 0;
};

/// The segments of all positions in order.
class Segments {
 public:
  Segments(const Correlation& c, std::size_t lanes) : c_(c), lanes_(lanes) {}
  [[nodiscard]] bool next(Segment& s) {
    if (plane_ == c_.planes) return false;
    s.from = static_cast<std::ptrdiff_t>(plane_) * c_.plane_stride +
             static_cast<std::ptrdiff_t>(row_) * c_.row_stride +
             static_cast<std::ptrdiff_t>(column_);
    s.to = (plane_ * c_.rows + row_) * c_.columns + column_;
    s.count = std::min(lanes_, c_.columns - column_);
    column_ += lanes_;
    if (column_ >= c_.columns) column_ = 0, ++row_;
    if (row_ == c_.rows) row_ = 0, ++plane_;
    return true;
  }

 private:
  const Correlation& c_;
  std::size_t lanes_, plane_ = 0, row_ = 0, column_ = 0;
};

/// The results of `outs` channels from `first` at `width` segments.
template <std::size_t outs, std::size_t width, class T>
HWY_INLINE void correlate_tile(const Correlation& c, std::size_t first, const Segment* segments,
                               const T* x, const T* weights, const T* bias, T* y) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  V sum[outs][width];
#pragma GCC unroll 16
  for (std::size_t o = 0; o < outs; ++o) {
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) {
      sum[o][s] = hn::Set(d, bias != nullptr ? bias[first + o] : T(0));
    }
  }
  const T* at[width];
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) at[s] = x + segments[s].from;
  const std::ptrdiff_t* const taps = c.taps.data();
  const std::size_t steps = c.taps.size();
  for (std::size_t channel = 0; channel < c.channels; ++channel) {
    // Some steps at a time, as in a product.
#pragma GCC unroll 4
    for (std::size_t t = 0; t < steps; ++t) {
      const std::ptrdiff_t tap = taps[t];
      V under[width];
#pragma GCC unroll 16
      for (std::size_t s = 0; s < width; ++s) under[s] = hn::LoadU(d, at[s] + tap);
#pragma GCC unroll 16
      for (std::size_t o = 0; o < outs; ++o) {
        const V weight = hn::Set(d, weights[o]);
#pragma GCC unroll 16
        for (std::size_t s = 0; s < width; ++s) {
          sum[o][s] = hn::MulAdd(weight, under[s], sum[o][s]);
        }
      }
      weights += outs;
    }
#pragma GCC unroll 16
    for (std::size_t s = 0; s < width; ++s) at[s] += c.channel_stride;
  }
#pragma GCC unroll 16
  for (std::size_t s = 0; s < width; ++s) {
    T* to = y + first * c.positions() + segments[s].to;
#pragma GCC unroll 16
    for (std::size_t o = 0; o < outs; ++o, to += c.positions()) {
      if (segments[s].count == hn::Lanes(d))
        hn::StoreU(sum[o][s], d, to);
      else
        store_first(d, sum[o][s], to, segments[s].count);
    }
  }
}

/// Channels of a tile.
constexpr std::size_t most_channels = many_registers ? 8 : 4;

template <class T>
HWY_INLINE void correlate_all(const Correlation& c, std::size_t out, const T* x, const T* w,
                              const T* bias, T* y) {
  const hn::ScalableTag<T> d;
  const Parts parts(out, most_channels);
  for (std::size_t part = 0; part < parts.count; ++part) {
    with_constant<most_channels>(parts.size(part), [&](auto outs) HWY_ATTR {
      constexpr std::size_t width = tile_rows < many_registers ? 8 : 6, outs() > ;
      Segments segments(c, hn::Lanes(d));
      Segment group[width];
      for (;;) {
        std::size_t n = 0;
        while (n < width && segments.next(group[n])) ++n;
        if (n == 0) break;
        with_constant<width>(n, [&](auto count) HWY_ATTR {
          const T* const own = w + parts.start(part) * c.terms();
          correlate_tile<outs(), count()>(c, parts.start(part), group, x, own, bias, y);
        });
      }
    });
  }
}

/// `outs` channels of y register by register: those of the first segment, of the second, ... of
/// each sample; zeros behind the end of a row.
template <std::size_t outs, class T>
HWY_INLINE void pack_channels(const Correlation& c, const Samples& samples, const T* y, T* packed) {
  const hn::ScalableTag<T> d;
  const std::size_t lanes = hn::Lanes(d), positions = c.positions();
  for (std::size_t n = 0; n < samples.count; ++n, y += samples.y_stride) {
    Segments segments(c, lanes);
    for (Segment s; segments.next(s);) {
      const T* from = y + s.to;
      for (std::size_t o = 0; o < outs; ++o, from += positions, packed += lanes) {
        hn::StoreU(s.count == lanes ? hn::LoadU(d, from) : load_first(d, from, s.count), d, packed);
      }
    }
  }
}

/// sums[o][t] += those for `outs` channels o, packed, and `count` terms t.
template <std::size_t outs, std::size_t count, class T>
HWY_INLINE void weights_tile(const Correlation& c, const Samples& samples, std::size_t first_term,
                             const T* x, const T* packed, T* sums) {
  const hn::ScalableTag<T> d;
  using V = hn::Vec<decltype(d)>;
  const std::size_t lanes = hn::Lanes(d), whole = c.columns / lanes, rest = c.columns % lanes;
  std::ptrdiff_t offset[count];
  for (std::size_t t = 0; t < count; ++t) offset[t] = c.term(first_term + t);
  V sum[outs][count];
#pragma GCC unroll 16
  for (std::size_t o = 0; o < outs; ++o) {
#pragma GCC unroll 16
    for (std::size_t t = 0; t < count; ++t) sum[o][t] = hn::Zero(d);
  }
  const auto add = [&](auto load, const T* under) HWY_ATTR {
    V channel[outs];
#pragma GCC unroll 16
    for (std::size_t o = 0; o < outs; ++o) channel[o] = hn::LoadU(d, packed + o * lanes);
    packed += outs * lanes;
#pragma GCC unroll 16
    for (std::size_t t = 0; t < count; ++t) {
      const V element = load(under + offset[t]);
#pragma GCC unroll 16
      for (std::size_t o = 0; o < outs; ++o) sum[o][t] = hn::MulAdd(channel[o], element, sum[o][t]);
    }
  };
  for (std::size_t n = 0; n < samples.count; ++n, x += samples.x_stride) {
    for (std::size_t plane = 0; plane < c.planes; ++plane) {
      const T* row = x + static_cast<std::ptrdiff_t>(plane) * c.plane_stride;
      for (std::size_t r = 0; r < c.rows; ++r, row += c.row_stride) {
        for (std::size_t i = 0; i < whole; ++i) {
          add([&](const T* p) HWY_ATTR { return hn::LoadU(d, p); }, row + i * lanes);
        }
        if (rest == 0) continue;
        // Masked, although the other factor is zero there: what lies behind may not be finite.
        add([&](const T* p) HWY_ATTR { return load_first(d, p, rest); }, row + whole * lanes);
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t o = 0; o < outs; ++o) {
    T* to = sums + (o * c.terms() + first_term) * lanes;
#pragma GCC unroll 16
    for (std::size_t t = 0; t < count; ++t, to += lanes) {
      hn::StoreU(hn::Add(hn::LoadU(d, to), sum[o][t]), d, to);
    }
  }
}

template <class T>
HWY_INLINE void correlate_weights_all(const Correlation& c, std::size_t out, const Samples& samples,
                                      const T* x, const T* y, T* sums, T* packed) {
  constexpr std::size_t most_outs = many_registers ? 6 : 3, most_terms = many_registers ? 4 : 3;
  static_assert(most_outs <= packed_channels);
  const Parts outs(out, most_outs), terms(c.terms(), most_terms);
  for (std::size_t o = 0; o < outs.count; ++o) {
    with_constant<most_outs>(outs.size(o), [&](auto n) HWY_ATTR {
      pack_channels<n()>(c, samples, y + outs.start(o) * c.positions(), packed);
      for (std::size_t t = 0; t < terms.count; ++t) {
        with_constant<most_terms>(terms.size(t), [&](auto m) HWY_ATTR {
          T* const own = sums + outs.start(o) * c.terms() * hn::Lanes(hn::ScalableTag<T>());
          weights_tile<n(), m()>(c, samples, terms.start(t), x, packed, own);
        });
      }
    });
  }
}

template <class T>
HWY_INLINE void add_totals_any(const Correlation& c, std::size_t out, const T* sums,
                               const WeightRows<T>& w) {
  const hn::ScalableTag<T> d;
  for (std::size_t o = 0; o < out; ++o) {
    T* const row = w.first + o * w.stride;
    for (std::size_t t = 0; t < c.terms(); ++t, sums += hn::Lanes(d)) {
      row[t] += hn::GetLane(hn::SumOfLanes(d, hn::LoadU(d, sums)));
    }
  }
}

std::size_t correlation_channels_here() { return most_channels; }
void correlate_f32(const Correlation& c, std::size_t out, const float* x, const float* w,
                   const float* bias, float* y) {
  correlate_all(c, out, x, w, bias, y);
}
void correlate_f64(const Correlation& c, std::size_t out, const double* x, const double* w,
                   const double* bias, double* y) {
  correlate_all(c, out, x, w, bias, y);
}
void correlate_weights_f32(const Correlation& c, std::size_t out, const Samples& samples,
                           const float* x, const float* y, float* sums, float* work) {
  correlate_weights_all(c, out, samples, x, y, sums, work);
}
void correlate_weights_f64(const Correlation& c, std::size_t out, const Samples& samples,
                           const double* x, const double* y, double* sums, double* work) {
  correlate_weights_all(c, out, samples, x, y, sums, work);
}
void add_totals_f32(const Correlation& c, std::size_t out, const float* sums,
                    const WeightRows<float>& w) {
  add_totals_any(c, out, sums, w);
}
void add_totals_f64(const Correlation& c, std::size_t out, const double* sums,
                    const WeightRows<double>& w) {
  add_totals_any(c, out, sums, w);
}

}  // namespace dtheta::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace dtheta::simd {

HWY_EXPORT(correlation_channels_here);
HWY_EXPORT(correlate_f32);
HWY_EXPORT(correlate_f64);
HWY_EXPORT(correlate_weights_f32);
HWY_EXPORT(correlate_weights_f64);
HWY_EXPORT(add_totals_f32);
HWY_EXPORT(add_totals_f64);

std::size_t correlation_channels() { return HWY_DYNAMIC_DISPATCH(correlation_channels_here)(); }
void correlate(const Correlation& c, std::size_t out, const float* x, const float* w,
               const float* bias, float* y) {
  HWY_DYNAMIC_DISPATCH(correlate_f32)(c, out, x, w, bias, y);
}
void correlate(const Correlation& c, std::size_t out, const double* x, const double* w,
               const double* bias, double* y) {
  HWY_DYNAMIC_DISPATCH(correlate_f64)(c, out, x, w, bias, y);
}
void correlate_weights(const Correlation& c, std::size_t out, const Samples& samples,
                       const float* x, const float* y, float* sums, float* work) {
  HWY_DYNAMIC_DISPATCH(correlate_weights_f32)(c, out, samples, x, y, sums, work);
}
void correlate_weights(const Correlation& c, std::size_t out, const Samples& samples,
                       const double* x, const double* y, double* sums, double* work) {
  HWY_DYNAMIC_DISPATCH(correlate_weights_f64)(c, out, samples, x, y, sums, work);
}
void add_totals(const Correlation& c, std::size_t out, const float* sums,
                const WeightRows<float>& w) {
  HWY_DYNAMIC_DISPATCH(add_totals_f32)(c, out, sums, w);
}
void add_totals(const Correlation& c, std::size_t out, const double* sums,
                const WeightRows<double>& w) {
  HWY_DYNAMIC_DISPATCH(add_totals_f64)(c, out, sums, w);
}

}  // namespace dtheta::simd
#endif
