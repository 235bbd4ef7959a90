#include "autodiff/ops/spatial/unfold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/im2col.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

/// What unfold and fold share.
struct Unfolding {
  Window window;
  friend constexpr bool operator==(const Unfolding&, const Unfolding&) = default;

  [[nodiscard]] detail::WindowRows sample(Index n) const {
    return {n, 1, 0, window.out[0] * window.out[1]};
  }
  [[nodiscard]] Shape columns(const Shape& x) const {
    return {x[0], x[1] * window.taps(), window.out_size()};
  }
  [[nodiscard]] Shape folded(const Shape& columns) const {
    std::array<Index, max_rank> dims{columns[0], columns[1] / window.taps()};
    std::copy(window.in.end() - window.axes, window.in.end(), dims.begin() + 2);
    return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(window.axes + 2)));
  }

  struct Case {
    Shape x;
    detail::WindowRule rule;
    [[nodiscard]] Unfolding op() const {
      return {detail::sliding_window("unfold", x, x.rank() - 2, rule)};
    }
  };
  static std::vector<Case> cases() {
    return {{{2, 1, 5}, {.size = 3}},
            {{1, 2, 5}, {.size = 2, .stride = 2}},
            {{1, 2, 3}, {.size = 3, .before = 1, .after = 1}},
            {{1, 1, 6}, {.size = 2, .stride = 2, .before = 1, .dilation = 3}},
            {{1, 1, 2}, {.size = 2, .stride = 3, .before = 3, .after = 4}},
            {{2, 3, 1}, {.size = 1}},
            {{0, 2, 3}, {.size = 2}},
            {{2, 0, 3}, {.size = 2}},
            {{1, 2, 3, 4}, {.size = {2, 3}}},
            {{2, 1, 3, 3}, {.size = 2, .stride = {2, 1}, .before = {1, 0}, .after = 1}},
            {{1, 1, 4, 3}, {.size = 2, .before = 1, .dilation = {2, 1}}},
            {{1, 3, 2, 2}, {.size = 1, .stride = 2}},
            {{1, 1, 2, 2, 3}, {.size = {2, 1, 2}}},
            {{1, 1, 3, 1, 3}, {.size = {2, 1, 2}, .stride = {1, 1, 2}, .before = {1, 0, 1}}}};
  }
};

struct Unfold : Unfolding {
  static constexpr OpInfo info{.name = "unfold", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = the elements of x under each window, as columns",
                               "dy = unfold(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& x = in[0].shape;
    detail::require_real_operand(info.name, in[0]);
    if (x.rank() != window.axes + 2 || !detail::has_elements(x, window)) {
      throw ShapeError(fmt::format("unfold: {} does not end with the axes the window was made for",
                                   to_string(x)));
    }
    return {columns(x), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape &x = call.shape(0), &out = call.out_shape();
    for (Index n = 0; n < x[0]; ++n) {
      detail::im2col(window, x[1], x[1] * window.in_size(), sample(n), call.input(0),
                     call.output() + n * out[1] * out[2]);
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  static std::vector<Sample<Unfold>> samples() {
    std::vector<Sample<Unfold>> list;
    for (const Case& c : cases()) list.push_back({{c.op()}, {real(c.x)}});
    return list;
  }
};

struct Fold : Unfolding {
  static constexpr OpInfo info{.name = "fold", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = columns added where unfold took them from", "dy = fold(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& x = in[0].shape;
    detail::require_real_operand(info.name, in[0]);
    if (x.rank() != 3 || x[1] % window.taps() != 0 || x[2] != window.out_size()) {
      throw ShapeError(fmt::format(
          "fold: {} does not fit: (samples, channels * {}, {}) is needed, for {} taps at {} "
          "positions",
          to_string(x), window.taps(), window.out_size(), window.taps(), window.out_size()));
    }
    return {folded(x), Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Shape &x = call.shape(0), &out = call.out_shape();
    std::fill_n(call.output(), out.size(), T(0));
    for (Index n = 0; n < x[0]; ++n) {
      detail::col2im(window, out[1], out[1] * window.in_size(), sample(n),
                     call.input(0) + n * x[1] * x[2], call.output());
    }
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return apply(Unfold{*this}, {c}); }
  static std::vector<Sample<Fold>> samples() {
    std::vector<Sample<Fold>> list;
    for (const Case& c : cases()) list.push_back({{c.op()}, {real(c.op().columns(c.x))}});
    return list;
  }
};

Var Unfold::vjp(int, const Primal&, Var c) const { return apply(Fold{*this}, {c}); }

Window window_of(std::string_view op, const Shape& x, int axes, const PerAxis& size,
                 const UnfoldOptions& o) {
  return detail::sliding_window(
      op, x, axes, {size, o.stride, o.padding, o.padding_end.value_or(o.padding), o.dilation});
}

/// x as (..., groups of axes) for pixel_shuffle: the axes before the last three, and those three.
struct Image {
  Image(std::string_view op, Arg x, Index factor) : shape(x.var().shape()) {
    if (factor < 1)
      throw ValueError(fmt::format("{}: the factor must be at least 1, not {}", op, factor));
    if (shape.rank() < 3 || shape.rank() + 2 > max_rank) {
      throw ShapeError(fmt::format("{}: {} does not fit: (..., channels, height, width) is needed",
                                   op, to_string(shape)));
    }
    const int r = shape.rank();
    channels = shape[r - 3], height = shape[r - 2], width = shape[r - 1];
  }
  /// The leading axes followed by `last`.
  [[nodiscard]] Shape with(std::initializer_list<Index> last) const {
    std::vector<Index> dims(shape.begin(), shape.end() - 3);
    dims.insert(dims.end(), last);
    return Shape(dims);
  }
  /// The leading axes as they are, then the five behind them in the given order.
  [[nodiscard]] Axes order(std::initializer_list<int> last) const {
    std::vector<int> axes;
    axes.reserve(max_rank);
    for (int i = 0; i < shape.rank() - 3; ++i) axes.push_back(i);
    for (int i : last) axes.push_back(shape.rank() - 3 + i);
    return Axes(axes);
  }

  Shape shape;
  Index channels = 0, height = 0, width = 0;
};

}  // namespace

Var unfold(Arg x, PerAxis size, const UnfoldOptions& o) {
  const Shape shape = x.var().shape();
  const int axes = shape.rank() - 2;
  if (axes < 1 || axes > Window::max_axes) {
    throw ShapeError(
        fmt::format("unfold: {} does not fit: (samples, channels, ...) with one to {} "
                    "spatial axes is needed",
                    to_string(shape), Window::max_axes));
  }
  return apply(Unfold{{window_of("unfold", shape, axes, size, o)}}, {x});
}

Var fold(Arg x, const Shape& plane, PerAxis size, const UnfoldOptions& o) {
  if (plane.rank() < 1 || plane.rank() > Window::max_axes) {
    throw ShapeError(fmt::format("fold: the plane {} must have one to {} axes", to_string(plane),
                                 Window::max_axes));
  }
  return apply(Fold{{window_of("fold", plane, plane.rank(), size, o)}}, {x});
}

Var pixel_shuffle(Arg x, Index factor) {
  const Image im("pixel_shuffle", x, factor);
  if (im.channels % (factor * factor) != 0) {
    throw ShapeError(fmt::format("pixel_shuffle: {} channels of {} do not divide by {}^2",
                                 im.channels, to_string(im.shape), factor));
  }
  const Index c = im.channels / (factor * factor);
  const Var split = reshape(x, im.with({c, factor, factor, im.height, im.width}));
  return reshape(permute(split, im.order({0, 3, 1, 4, 2})),
                 im.with({c, im.height * factor, im.width * factor}));
}

Var pixel_unshuffle(Arg x, Index factor) {
  const Image im("pixel_unshuffle", x, factor);
  if (im.height % factor != 0 || im.width % factor != 0) {
    throw ShapeError(fmt::format("pixel_unshuffle: height and width of {} do not divide by {}",
                                 to_string(im.shape), factor));
  }
  const Index h = im.height / factor, w = im.width / factor;
  const Var split = reshape(x, im.with({im.channels, h, factor, w, factor}));
  return reshape(permute(split, im.order({0, 2, 4, 1, 3})),
                 im.with({im.channels * factor * factor, h, w}));
}

std::span<const OpEntry> unfold_ops() { return OpList<Unfold, Fold>::entries; }

}  // namespace dtheta
