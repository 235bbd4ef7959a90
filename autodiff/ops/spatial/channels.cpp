#include "autodiff/ops/spatial/channels.hpp"

#include <fmt/format.h>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/channels_form.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

/// What the two ops share: operands (samples, channels, ...) and (channels).
template <class Self>
struct PerChannel {
  friend constexpr bool operator==(const PerChannel&, const PerChannel&) = default;

  [[nodiscard]] static ValueType infer(Types in) {
    const Shape &x = in[0].shape, &v = in[1].shape;
    for (const ValueType& t : in) detail::require_real_operand(Self::info.name, t);
    if (x.rank() < 2 || v.rank() != 1 || v[0] != x[1]) {
      throw ShapeError(fmt::format(
          "{}: {} and {} do not fit: (samples, channels, ...) and (channels) are needed",
          Self::info.name, to_string(x), to_string(v)));
    }
    return in[0];
  }

  /// With the same numbers for all there are more samples, else more channels.
  [[nodiscard]] Var batch(const Batch& b) const {
    const Shape s = b.expanded(0).shape();  // (K, samples, channels, ...)
    std::vector<Index> dims(s.begin() + 1, s.end());
    if (!b.is_batched(1)) {
      dims[0] *= s[0];
      return reshape(apply(static_cast<const Self&>(*this), {reshape(b[0], Shape(dims)), b[1]}), s);
    }
    dims[1] *= s[0];
    const Var x = swap_axes(b.expanded(0), 0, 1), v = reshape(b[1], {-1});
    const Var y = apply(static_cast<const Self&>(*this), {reshape(x, Shape(dims)), v});
    return swap_axes(reshape(y, x.shape()), 0, 1);
  }

  template <class T>
  static void forward(const Call<T>& call) {
    const AxisSplit s(call.shape(0), 1, 1);
    const auto sample = static_cast<std::size_t>(s.n * s.inner);
    detail::for_each_run(call.parallel, static_cast<std::size_t>(s.outer),
                         detail::rows_at_once(sample), [&](std::size_t first, std::size_t samples) {
                           of_samples(call.input(0) + first * sample, call.input(1),
                                      static_cast<Index>(samples), s,
                                      call.output() + first * sample);
                         });
  }

  template <class T>
  static void of_samples(const T* x, const T* v, Index samples, const AxisSplit& s, T* out) {
    if (s.inner == 1) {  // along the channels, which are adjacent
      for (Index o = 0; o < samples; ++o, x += s.n, out += s.n) {
        for (Index c = 0; c < s.n; ++c) out[c] = Self::value(x[c], v[c]);
      }
      return;
    }
    for (Index o = 0; o < samples; ++o) {
      for (Index c = 0; c < s.n; ++c, x += s.inner, out += s.inner) {
        const T of_channel = v[c];
        for (Index i = 0; i < s.inner; ++i) out[i] = Self::value(x[i], of_channel);
      }
    }
  }

  static std::vector<Sample<Self>> samples() {
    return {{{}, {real({2, 3}), real({3})}},
            {{}, {real({2, 3, 4}), real({3})}},
            {{}, {real({2, 3, 2, 2}), real({3})}},
            {{}, {real({1, 1}), real({1})}},
            {{}, {real({1, 3, 1}), real({3})}},
            {{}, {real({3, 1, 2}), real({1})}},
            {{}, {real({0, 3, 2}), real({3})}},
            {{}, {real({2, 0, 2}), real({0})}},
            {{}, {real({2, 3, 0}), real({3})}},
            {{}, {real({2, 2, 1, 2, 2}), real({2})}},
            {{}, {given({1, 2, 1}, {1e30, -1e30}), given({2}, {2, 0.5})}},
            {{}, {given({1, 2, 1}, {1e-30, -1e-30}), given({2}, {1e-30, 0.5})}}};
  }
};

struct AddChannels : PerChannel<AddChannels> {
  static constexpr OpInfo info{
      .name = "add_channels", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x + b, b for each channel", "dy = dx + db"};
  template <class T>
  static T value(T x, T b) {
    return x + b;
  }
  [[nodiscard]] static Var vjp(int i, const Primal&, Var c) { return i == 0 ? c : sum_channels(c); }
};

struct ScaleChannels : PerChannel<ScaleChannels> {
  static constexpr OpInfo info{
      .name = "scale_channels", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"y = x w, w for each channel", "dy = w dx + x dw"};
  template <class T>
  static T value(T x, T w) {
    return x * w;
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    return i == 0 ? scale_channels(c, p[1]) : sum_channels(c * p[0]);
  }
};

}  // namespace

Var add_channels(Arg x, Arg b) { return apply<AddChannels>(x, b); }
Var scale_channels(Arg x, Arg w) { return apply<ScaleChannels>(x, w); }

Var sum_channels(Arg x) {
  const Shape s = x.var().shape();
  if (s.rank() < 2) {
    throw ShapeError(fmt::format(
        "sum_channels: {} has no channels: (samples, channels, ...) is needed", to_string(s)));
  }
  // Two sums over adjacent axes: nothing is moved in memory.
  const Var rows =
      s.rank() == 2
          ? x.var()
          : sum(reshape(x, Shape{s[0], s[1], s[0] * s[1] > 0 ? s.size() / (s[0] * s[1]) : 1}), 2);
  return sum(rows, 0);
}

bool is_add_channels(const Node& node) { return node.op == &record_of<AddChannels>; }
bool is_scale_channels(const Node& node) { return node.op == &record_of<ScaleChannels>; }

std::span<const OpEntry> channel_ops() { return OpList<AddChannels, ScaleChannels>::entries; }

}  // namespace dtheta
