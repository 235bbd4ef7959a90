// The rules of convolutions and transposed ones: an element of a filter, or a channel of what is filtered.

#include <algorithm>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/convolution_form.hpp"
#include "autodiff/ops/spatial/convolution_ops.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "gradcheck/bridge/probes/propagator.hpp"

namespace dtheta::gradcheck {
namespace {

using Extent = Change::Extent;

/// Elements that the windows of a convolution may have written side by side.
constexpr Index largest_unfolded = Index{1} << 22;

PerAxis last_of(const Window::PerAxis& all, int axes) {
  return PerAxis(std::span(all).last(static_cast<std::size_t>(axes)));
}

/// What tap t meets in channel c of x: (channels taps, samples positions).
Var rows_under_taps(Var x, const Window& w) {
  const auto of = [&](const Window::PerAxis& all) { return last_of(all, w.axes); };
  const Var rows = swap_axes(unfold(x, of(w.size),
                                    {.stride = of(w.stride),
                                     .padding = of(w.before),
                                     .padding_end = of(w.after),
                                     .dilation = of(w.dilation)}),
                             0, 1);
  return reshape(rows, {rows.shape()[0], -1});
}

/// (first, second, ...) and the last axes of `like`.
Shape with_last_of(const Shape& like, std::initializer_list<Index> first) {
  std::vector<Index> dims(first);
  dims.insert(dims.end(), like.begin() + 2, like.end());
  return Shape(dims);
}

/// The same for a transposed convolution: channel c of x, filtered by tap t alone.
Var rows_of_taps(Var x, const Shape& filters, const Window& window) {
  const Index samples = x.shape()[0], channels = x.shape()[1];
  const Index taps = filters.size() / std::max<Index>(filters[0] * filters[1], 1);
  Tensor one_each(with_last_of(filters, {1, taps}));
  for (Index t = 0; t < taps; ++t)
    one_each.data<double>()[static_cast<std::size_t>(t * (taps + 1))] = 1;
  const Var planes = reshape(x, with_last_of(x.shape(), {samples * channels, 1}));
  const Var each = dtheta::detail::convolve_adjoint(planes, x.tape().constant(one_each), window, 1);
  const Var by_row = dtheta::permute(reshape(each, {samples, channels, taps, -1}), {1, 2, 0, 3});
  return reshape(by_row, {channels * taps, -1});
}

}  // namespace

/// A convolution of x with w (groups out, in, ...), or a transposed one with w (groups in, out, ...),
/// of which a group takes `in` channels to `out`.
struct Propagator::Filtering {
  Window window;
  Index groups;
  bool transposed;
  Index in, out, taps;

  /// Where an element of w lies: the channel that it moves, and the row of what it meets.
  [[nodiscard]] PlaceOfProbe channel() const {
    if (!transposed) return {in * taps, groups * out};
    return {taps, out, groups > 1 ? out : 0, taps * out * in, groups};
  }
  [[nodiscard]] PlaceOfProbe row() const {
    if (transposed) return {1, taps, taps, taps * out, groups * in};
    return {1, in * taps, groups > 1 ? in * taps : 0, in * taps * out, groups};
  }
};

std::optional<Propagator::Filtering> Propagator::as_filtering(std::uint32_t node) const {
  auto form = as_convolution(from_.node(node));
  const bool transposed = !form;
  if (transposed) form = as_transposed_convolution(from_.node(node));
  if (!form) return {};
  const Shape& w = shape_of(from_.inputs(node)[1]);
  if (w.size() == 0) return {};
  const Index outer = w[0] / form->groups;
  return Filtering{form->window,
                   form->groups,
                   transposed,
                   transposed ? outer : w[1],
                   transposed ? w[1] : outer,
                   w.size() / (w[0] * w[1])};
}

// y = w * x + b: an element of w or b moves one channel of y; a channel of x moves its group of y, by
// its own convolution.
Propagator::Rule Propagator::convolution(std::uint32_t node) {
  const auto f = as_filtering(node);
  if (!f) return {};
  const auto in = from_.inputs(node);
  const auto is_changed = [&](std::uint32_t i) { return change_of(i).extent != Extent::none; };
  if (std::ranges::count_if(in, is_changed) != 1) return {};
  const Change& cx = change_of(in[0]);
  if (cx.extent == Extent::none) return filter_element(node, *f);
  if (cx.extent != Extent::slice || cx.axis != 1) return {};
  return f->groups == 1 ? filtered_channel(node, *f) : filtered_group(node, *f);
}

/// One channel of the result, for what is added to it: (K, samples positions).
Propagator::Rule Propagator::moved_channel(std::uint32_t node, Var by, Var at) {
  const Var channel = base_slice(node, 1, at);
  const Var moved = reshape(channel, {count(), -1}) + by;
  return Change{Extent::slice, reshape(moved, without_axis(shape_of(node), 1, count())), 1, at};
}

Propagator::Rule Propagator::filter_element(std::uint32_t node, const Filtering& f) {
  const auto in = from_.inputs(node);
  const bool weight = change_of(in[1]).extent != Extent::none;
  const std::uint32_t changed = weight ? in[1] : in[2];
  if (change_of(changed).extent != Extent::element) return {};
  const Var by = reshape(delta(changed, change_of(changed)), {count(), 1});
  if (!weight) return moved_channel(node, by, position_along(shape_of(changed), 0));
  const Index positions = shape_of(node).size() / std::max<Index>(shape_of(node)[1], 1);
  if (positions * f.groups * f.in * f.taps > largest_unfolded) return {};
  const Var met = take(met_by_filters(node, f), position_input(f.row()), 0);
  return moved_channel(node, by * met, position_input(f.channel()));
}

/// What each element of a filter meets, a row for each channel of x and tap. Done once for each θ.
Var Propagator::met_by_filters(std::uint32_t node, const Filtering& f) {
  const auto in = from_.inputs(node);
  return f.transposed ? rows_of_taps(base(in[0]), shape_of(in[1]), f.window)
                      : rows_under_taps(base(in[0]), f.window);
}

Propagator::Rule Propagator::filtered_channel(std::uint32_t node, const Filtering& f) {
  if (count() * shape_of(node).size() > largest_dense) return {};
  const auto in = from_.inputs(node);
  const Change& c = change_of(in[0]);
  const Var w = base(in[1]);
  const Var filters = take(f.transposed ? w : swap_axes(w, 0, 1), c.at, 0);
  std::vector<Var> operands{expand_dims(delta(in[0], c), 2),
                            expand_dims(filters, f.transposed ? 1 : 2)};
  std::vector<char> has_axis{1, 1};
  if (in.size() > 2) {
    operands.push_back(to_.constant(Tensor(shape_of(in[2]))));  // b is in the value at θ
    has_axis.push_back(0);
  }
  const Node& record = from_.node(node);
  const Var step = record.op->batch(record.attributes, {operands, has_axis, count()});
  return Change{Extent::dense, base(node) + step, 0, {}};
}

/// A channel moves those of its group alone: one, or some side by side. The channels of all probes
/// are groups of one convolution.
Propagator::Rule Propagator::filtered_group(std::uint32_t node, const Filtering& f) {
  const auto in = from_.inputs(node);
  const Change& c = change_of(in[0]);
  const auto group = place_of_part(c, f.groups * f.in, f.in);
  if (f.in > 1 && !group) return {};
  const Change moved{.extent = f.out == 1 ? Extent::slice : Extent::block,
                     .axis = 1,
                     .at = f.in == 1 ? c.at : position_input(*group),
                     .width = f.out};
  const Shape w = shape_of(in[1]);
  Var filters = base(in[1]);  // (groups in, out, ...)
  if (!f.transposed) {
    std::vector<Index> apart{f.groups, f.out, f.in};
    apart.insert(apart.end(), w.begin() + 2, w.end());
    filters = reshape(swap_axes(reshape(filters, Shape(apart)), 1, 2),
                      with_last_of(w, {f.groups * f.in, f.out}));
  }
  filters = take(filters, c.at, 0);
  const Var x = swap_axes(delta(in[0], c), 0, 1);
  const Var y = f.transposed ? dtheta::detail::convolve_adjoint(x, filters, f.window, count())
                             : dtheta::detail::convolve(
                                   x, reshape(filters, with_last_of(w, {count() * f.out, 1})), {},
                                   f.window, count());
  Change result = moved;
  if (f.out == 1) {
    result.value = base_slice(node, 1, moved.at) + swap_axes(y, 0, 1);
    return result;
  }
  std::vector<Index> apart{y.shape()[0], count(), f.out};
  apart.insert(apart.end(), y.shape().begin() + 2, y.shape().end());
  result.value = base_block(node, moved) + swap_axes(reshape(y, Shape(apart)), 0, 1);
  return result;
}

}  // namespace dtheta::gradcheck
