#include "autodiff/ops/spatial/window_rule.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta {

PerAxis::PerAxis(std::span<const Index> values) : size_(static_cast<int>(values.size())) {
  if (values.empty() || values.size() > values_.size()) {
    throw ShapeError(fmt::format("PerAxis: {} values; one to three are needed", values.size()));
  }
  std::ranges::copy(values, values_.begin());
}

namespace detail {
namespace {

void require_axes(std::string_view op, const Shape& x, int axes) {
  if (x.rank() < axes) {
    throw ShapeError(fmt::format("{}: {} has fewer than {} spatial axes", op, to_string(x), axes));
  }
}

/// Where axis i of `axes` stands in the arrays of a window.
std::size_t place(int i, int axes) {
  const int axis = Window::max_axes - axes + i;
  return static_cast<std::size_t>(axis);
}

/// The number of positions along axis i, whose other entries are set.
Index positions(std::string_view op, const Shape& x, const Window& w, int i, bool ceil_mode) {
  const std::size_t a = place(i, w.axes);
  const Index reach = w.dilation[a] * (w.size[a] - 1) + 1;
  const Index room = w.before[a] + w.in[a] + w.after[a] - reach;
  if (room < 0) {
    throw ShapeError(
        fmt::format("{}: a window of {} elements does not fit axis {} of {}: {} with its padding",
                    op, reach, x.rank() - w.axes + i, to_string(x), room + reach));
  }
  Index count = (room + (ceil_mode ? w.stride[a] - 1 : 0)) / w.stride[a] + 1;
  if (ceil_mode && (count - 1) * w.stride[a] >= w.in[a] + w.before[a]) --count;
  return count;
}

/// `shape` with its last axes replaced.
Shape with_last(const Shape& shape, int axes, const Window::PerAxis& by) {
  std::array<Index, max_rank> dims{};
  std::ranges::copy(shape, dims.begin());
  const auto first = dims.begin() + (shape.rank() - axes);
  for (int i = 0; i < axes; ++i) first[i] = by[place(i, axes)];
  return Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(shape.rank())));
}

bool ends_with(const Shape& shape, int axes, const Window::PerAxis& dims) {
  return shape.rank() >= axes && std::equal(shape.end() - axes, shape.end(), dims.end() - axes);
}

}  // namespace

void require_per_axis(std::string_view op, std::string_view what, const PerAxis& values, int axes,
                      Index least) {
  if (values.size() != 1 && values.size() != axes) {
    throw ValueError(fmt::format("{}: {} ({}) has {} values for {} spatial axes", op, what,
                                 fmt::join(values.values(), ", "), values.size(), axes));
  }
  for (Index v : values.values()) {
    constexpr Index most = 0x7fffffff;  // so that products of two do not overflow
    if (v < least || v > most) {
      throw ValueError(fmt::format("{}: {} ({}) must be at least {} and at most {}", op, what,
                                   fmt::join(values.values(), ", "), least, most));
    }
  }
}

Window sliding_window(std::string_view op, const Shape& x, int axes, const WindowRule& rule) {
  require_axes(op, x, axes);
  require_per_axis(op, "window size", rule.size, axes, 1);
  require_per_axis(op, "stride", rule.stride, axes, 1);
  require_per_axis(op, "padding", rule.before, axes, 0);
  require_per_axis(op, "padding", rule.after, axes, 0);
  require_per_axis(op, "dilation", rule.dilation, axes, 1);
  Window w;
  w.axes = axes;
  for (int i = 0; i < axes; ++i) {
    const std::size_t a = place(i, axes);
    w.in[a] = x[x.rank() - axes + i];
    w.size[a] = rule.size[i];
    w.stride[a] = rule.stride[i];
    w.before[a] = rule.before[i];
    w.after[a] = rule.after[i];
    w.dilation[a] = rule.dilation[i];
    w.out[a] = positions(op, x, w, i, rule.ceil_mode);
  }
  return w;
}

Window dividing_window(std::string_view op, const Shape& x, int axes, const PerAxis& parts) {
  require_axes(op, x, axes);
  require_per_axis(op, "output size", parts, axes, 1);
  Window w;
  w.axes = axes;
  w.adaptive = true;
  for (int i = 0; i < axes; ++i) {
    const std::size_t a = place(i, axes);
    w.in[a] = x[x.rank() - axes + i];
    w.out[a] = parts[i];
    if (w.in[a] == 0) {
      throw ShapeError(
          fmt::format("{}: axis {} of {} has no elements", op, x.rank() - axes + i, to_string(x)));
    }
  }
  return w;
}

Shape with_positions(const Shape& shape, const Window& w) {
  return with_last(shape, w.axes, w.out);
}
Shape with_elements(const Shape& shape, const Window& w) { return with_last(shape, w.axes, w.in); }
bool has_elements(const Shape& shape, const Window& w) { return ends_with(shape, w.axes, w.in); }
bool has_positions(const Shape& shape, const Window& w) { return ends_with(shape, w.axes, w.out); }

void require_real_operand(std::string_view op, const ValueType& operand) {
  if (operand.kind != Kind::real) {
    throw TypeError(fmt::format("{}: operand {} holds indices, real values are needed", op,
                                to_string(operand.shape)));
  }
}

}  // namespace detail
}  // namespace dtheta
