#pragma once

#include <algorithm>

#include "autodiff/kernels/convolution_by_channels.hpp"
#include "autodiff/kernels/convolution_by_positions.hpp"
#include "autodiff/kernels/convolution_by_products.hpp"
#include "autodiff/kernels/convolution_by_samples.hpp"
#include "autodiff/kernels/convolution_size.hpp"
#include "autodiff/kernels/convolution_weights_by_channels.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/scalar/scalar.hpp"

namespace dtheta::detail {

/// A convolution and its two adjoints, each by the way that suits its sizes: sums of products of registers
/// that hold neighbouring positions, channels or samples, or, with one tap or very many channels, matrix
/// products. Neither the way nor the cut into shares knows the number of threads, so that results
/// have the same bits for any.
struct Convolution : ConvolutionSize {
  /// Elements of scratch that each of the kernels below needs.
  [[nodiscard]] std::size_t scratch() const {
    const Index products = shares() * ConvolutionByProducts(*this).room();
    const Index correlations = std::max(
        with_correlation(
            Direction::forward,
            [&](const auto& c) { return in_blocks(c.packed()) + shares(c.unit) * c.room(); }),
        with_correlation(Direction::adjoint, [&](const auto& c) {
          return in_blocks(c.packed()) + shares(c.unit) * c.room();
        }));
    const Index weights = with_weights([&](const auto& c) {
      if (few_weights()) return shares() * (in_blocks(groups * w_size()) + c.room(in));
      Index most = 0;
      for (Index count = 1; count <= most_shares; ++count) {
        most = std::max(most, count * c.room(channels_of_share(count)));
      }
      return most;
    });
    return static_cast<std::size_t>(std::max({products, correlations, weights}));
  }

  /// y = conv(x, w) + bias, which may be null
  template <class T>
  void forward(const T* x, const T* w, const T* bias, T* y, T* work,
               const Parallel* parallel = nullptr) const {
    if constexpr (Vectorized<T>) {
      if (correlate(Direction::forward, x, w, bias, y, work, parallel)) return;
    }
    const ConvolutionByProducts products(*this);
    for_each_share(parallel, 1, [&](Index share, const SampleRange& range) {
      products.forward(range, x, w, bias, y, work + share * products.room());
    });
  }

  /// x = the adjoint of conv(., w) at y
  template <class T>
  void data_adjoint(const T* y, const T* w, T* x, T* work,
                    const Parallel* parallel = nullptr) const {
    if constexpr (Vectorized<T>) {
      const T* const no_bias = nullptr;
      if (correlate(Direction::adjoint, y, w, no_bias, x, work, parallel)) return;
    }
    const ConvolutionByProducts products(*this);
    for_each_share(parallel, 1, [&](Index share, const SampleRange& range) {
      products.data_adjoint(range, y, w, x, work + share * products.room());
    });
  }

  /// w = the adjoint of conv(x, .) at y
  template <class T>
  void weight_adjoint(const T* x, const T* y, T* w, T* work,
                      const Parallel* parallel = nullptr) const {
    std::fill_n(w, groups * w_size(), T(0));
    if constexpr (Vectorized<T>) {
      if (with_weights([&](const auto& c) {
            few_weights() ? by_samples(c, x, y, w, work, parallel)
                          : by_channels_of_x(c, x, y, w, work, parallel);
            return 1;
          }) != 0) {
        return;
      }
    }
    weights_by_products(x, y, w, work, parallel);
  }

 private:
  /// Ways to compute a sum over taps, or the weights' adjoint. By positions where rows of them fill
  /// registers, by channels where those do, by samples where neither do or padding is much.
  enum class Way { positions, channels, samples, products };

  /// Whether sums go over the taps where the elements are. With very many channels of the result products
  /// make good for their columns; with one tap they have few, but for a stride, and take the positions of
  /// several samples together where each has few.
  [[nodiscard]] bool suits_sums(Index channels) const {
    constexpr Index many = 256, few_positions = 32;
    const bool one_tap = window.is_pointwise() && window.out_size() >= few_positions;
    return channels <= many && (window.taps() > 1 || one_tap) &&
           window.taps() <= FramedWindow::max_taps && in > 0 && out > 0 && window.in_size() > 0 &&
           window.out_size() > 0;
  }
  /// What part of registers of 16 numbers is of use where so many lie side by side.
  [[nodiscard]] static double filled(Index n) {
    constexpr Index width = 16;
    return static_cast<double>(n) / static_cast<double>((n + width - 1) / width * width);
  }
  /// y has so many channels, each with rows of `columns` positions. By channels it has to be turned at
  /// the end.
  [[nodiscard]] Way way(Index channels, Index columns) const {
    return 0.9 * filled(channels) > filled(columns) ? Way::channels : Way::positions;
  }
  [[nodiscard]] Way way_forward() const {
    if (!suits_sums(out)) return Way::products;
    const Way other = way(out, window.out[2]);
    return suits_samples(Direction::forward, other) ? Way::samples : other;
  }
  [[nodiscard]] Way way_back() const {
    if (!suits_sums(in)) return Way::products;
    Way other = way(in, window.in[2]);
    if (window.stride != Window::PerAxis{1, 1, 1}) {
      // Where the stride is wider than the window most elements of x meet no tap, each remainder for itself.
      bool meets_taps = true;
      for (std::size_t a = 0; a < Window::max_axes; ++a)
        meets_taps = meets_taps && window.stride[a] <= window.size[a];
      other = meets_taps && filled(in) >= 0.5 ? Way::channels : Way::products;
    }
    return suits_samples(Direction::adjoint, other) ? Way::samples : other;
  }
  /// Whether registers of samples save much of what `other` would take: it computes products in the
  /// padding and in parts of registers that are of no use.
  [[nodiscard]] bool suits_samples(Direction direction, Way other) const {
    constexpr double much = 0.85;
    const CorrelationBySamples by_samples(*this, direction);
    if (other == Way::products || !by_samples.fits()) return false;
    const bool forward = direction == Direction::forward;
    const Window::PerAxis &places = forward ? window.out : window.in, &s = window.stride;
    const double used =
        other == Way::channels ? 0.9 * filled(forward ? out : in) : filled(places[2]);
    // Back through strides only some of the taps meet an element of x.
    const Index taps = window.taps() / (forward ? 1 : s[0] * s[1] * s[2]);
    const Index computed = in * out * places[0] * places[1] * places[2] * taps;
    return by_samples.cost(filled(samples)) < much * static_cast<double>(computed) / used;
  }
  /// By positions each register has to be summed up at the end.
  [[nodiscard]] Way way_to_weights() const {
    if (!suits_sums(out)) return Way::products;
    return 1.1 * filled(out) > filled(window.out[2]) ? Way::channels : Way::positions;
  }

  /// f of what correlates in a direction, or 0 if that is done by products.
  template <class F>
  Index with_correlation(Direction direction, F f) const {
    const bool is_forward = direction == Direction::forward;
    const Way chosen = is_forward ? way_forward() : way_back();
    if (chosen == Way::products) return 0;
    if (chosen == Way::positions) return f(CorrelationByPositions(*this, direction));
    if (chosen == Way::samples) return f(CorrelationBySamples(*this, direction));
    return is_forward ? f(ForwardByChannels(*this)) : f(AdjointByChannels(*this));
  }
  template <class F>
  Index with_weights(F f) const {
    const Way chosen = way_to_weights();
    if (chosen == Way::positions) return f(WeightsByPositions(*this));
    if (chosen == Way::channels) return f(WeightsByChannels(*this));
    return 0;
  }

  static Index in_blocks(Index n) { return in_channel_blocks(n); }

  static constexpr Index most_shares = 8;

  /// Into how many shares the samples are cut, for threads to take.
  [[nodiscard]] Index shares(Index unit = 1) const {
    constexpr Index fewest_samples = 4;
    return std::clamp<Index>((samples + unit - 1) / std::max(unit, fewest_samples), 1, most_shares);
  }
  /// Calls body(which, its samples) for each share, which begins with a whole unit of samples.
  template <class Body>
  void for_each_share(const Parallel* parallel, Index unit, Body body) const {
    const Index count = shares(unit), units = (samples + unit - 1) / unit;
    for_each_part(parallel, static_cast<std::size_t>(count), [&](std::size_t part) {
      const Index i = static_cast<Index>(part), first = i * units / count * unit;
      const Index end = std::min(samples, (i + 1) * units / count * unit);
      body(i, SampleRange{first, end - first});
    });
  }

  /// False if this is left to products.
  template <class T>
  bool correlate(Direction direction, const T* from, const T* w, const T* bias, T* to, T* work,
                 const Parallel* parallel) const {
    return with_correlation(direction, [&](const auto& c) {
             T* const own = work + in_blocks(c.packed());
             c.pack(w, work);
             for_each_share(parallel, c.unit, [&](Index share, const SampleRange& range) {
               c.run(range, from, work, bias, to, own + share * c.room());
             });
             return 1;
           }) != 0;
  }

  /// Whether each share of the samples may have a sum of its own for each weight.
  [[nodiscard]] bool few_weights() const {
    constexpr Index many = Index{1} << 15;
    return groups * w_size() <= many || groups * in == 1;
  }
  template <class C, class T>
  void by_samples(const C& c, const T* x, const T* y, T* w, T* work,
                  const Parallel* parallel) const {
    const Index size = groups * w_size(), room = in_blocks(size) + c.room(in);
    for_each_share(parallel, 1, [&](Index share, const SampleRange& range) {
      T* const own = work + share * room;
      std::fill_n(own, size, T(0));
      for (Index g = 0; g < groups; ++g) {
        c.add(range, ChannelRange{g, 0, in}, x, y, own, own + in_blocks(size));
      }
    });
    // In order, whoever computed them.
    for (Index i = 0; i < shares(); ++i) {
      for (Index k = 0; k < size; ++k) w[k] += work[i * room + k];
    }
  }

  /// Else threads share the channels of x. A weight's sum does not depend on how they are cut.
  [[nodiscard]] Index channels_of_share(Index count) const {
    return std::min(in, (groups * in + count - 1) / count);
  }
  template <class C, class T>
  void by_channels_of_x(const C& c, const T* x, const T* y, T* w, T* work,
                        const Parallel* parallel) const {
    const Index threads = parallel == nullptr ? 1 : static_cast<Index>(parallel->threads());
    const Index count = std::min({threads, most_shares, groups * in});
    const Index most = channels_of_share(count), room = c.room(most);
    for_each_part(parallel, static_cast<std::size_t>(count), [&](std::size_t part) {
      const Index share = static_cast<Index>(part);
      const Index end = (share + 1) * groups * in / count;
      for (Index k = share * groups * in / count; k < end;) {
        const Index group = k / in, first = k % in;
        const Index taken = std::min({end - k, in - first, most});
        c.add({0, samples}, ChannelRange{group, first, taken}, x, y, w, work + share * room);
        k += taken;
      }
    });
  }

  template <class T>
  void weights_by_products(const T* x, const T* y, T* w, T* work, const Parallel* parallel) const {
    constexpr Index rows_worth_a_share = 32;
    const ConvolutionByProducts products(*this);
    const Index count = std::clamp<Index>(out / rows_worth_a_share, 1, shares());
    for_each_part(parallel, static_cast<std::size_t>(count), [&](std::size_t part) {
      const Index share = static_cast<Index>(part), first = share * out / count;
      products.add_weight_adjoint({first, (share + 1) * out / count - first}, x, y, w,
                                  work + share * products.room());
    });
  }
};

}  // namespace dtheta::detail
