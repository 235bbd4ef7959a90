#include <algorithm>
#include <cmath>
#include <numeric>

#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

Values concat_rule(const Call& c) {
  return c.like(concat(std::span<const Var>(c.vars()), c.axis(1)));
}

Values reshape_rule(const Call& c) {
  const Var x = c[0];
  std::vector<Index> dims = c.integers(1, "shape").value();
  if (c.integer("allowzero", 0) == 0) {
    for (std::size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0) dims[i] = x.shape()[static_cast<int>(i)];
    }
  }
  return c.like(reshape(x, std::span<const Index>(dims)));
}

Values flatten_rule(const Call& c) {
  const Var x = c[0];
  const Index axis = c.integer("axis", 1);
  const auto begin = x.shape().begin();
  const auto split = begin + (axis < 0 ? axis + x.rank() : axis);
  const Index rows = std::accumulate(begin, split, Index{1}, std::multiplies<>());
  const Index columns = std::accumulate(split, x.shape().end(), Index{1}, std::multiplies<>());
  return c.like(reshape(x, {rows, columns}));
}

Values squeeze_rule(const Call& c) {
  const auto axes = c.integers(1, "axes");
  return c.like(axes ? squeeze(c[0], to_axes(*axes)) : squeeze(c[0]));
}

Values unsqueeze(const Call& c) {
  Var x = c[0];
  std::vector<Index> axes = c.integers(1, "axes").value();
  const Index rank = x.rank() + static_cast<Index>(axes.size());
  for (Index& a : axes) a += a < 0 ? rank : 0;
  std::ranges::sort(axes);
  for (Index a : axes) x = expand_dims(x, static_cast<int>(a));
  return c.like(x);
}

Values transpose_rule(const Call& c) {
  const std::vector<Index> order = c.integers("perm");
  return c.like(order.empty() ? transpose(c[0]) : permute(c[0], to_axes(order)));
}

Values expand(const Call& c) {
  const Shape wanted = to_shape(c.integers(1));
  return c.like(broadcast_to(c[0], broadcast("Expand", c[0].shape(), wanted)));
}

Values tile_rule(const Call& c) {
  return c.like(tile(c[0], std::span<const Index>(c.integers(1))));
}

/// Where nothing else is said, the parts are of one size, but for the last.
Values split_rule(const Call& c) {
  const Var x = c[0];
  const int axis = c.axis(0);
  const auto sizes = c.integers(1, "split");
  const Index count = c.integer("num_outputs", static_cast<Index>(c.output_count()));
  const std::vector<Var> parts =
      sizes ? split(x, std::span<const Index>(*sizes), axis) : chunk(x, count, axis);
  Values result;
  for (Var part : parts) result.push_back({part, c.type()});
  return result;
}

Values slice_rule(const Call& c) {
  Var x = c[0];
  const std::vector<Index> starts = c.integers(1, "starts").value();
  const std::vector<Index> ends = c.integers(2, "ends").value();
  const auto axes = c.integers(3, "axes").value_or(axes_from(0, static_cast<int>(starts.size())));
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const Index step = c.has(4) ? c.integers(4)[i] : 1;
    x = slice(x, static_cast<int>(axes[i]), {starts[i], ends[i], step});
  }
  return c.like(x);
}

Values pad_rule(const Call& c) {
  const std::vector<Index> ends = c.integers(1, "pads").value();
  const int rank = c[0].rank();
  const auto axes = c.has(3) ? c.integers(3) : axes_from(0, rank);
  std::vector<PadWidth> widths(static_cast<std::size_t>(rank));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = normalize_axis("Pad", static_cast<int>(axes[i]), rank);
    widths[static_cast<std::size_t>(axis)] = {ends[i], ends[i + axes.size()]};
  }
  const std::string mode = c.text("mode", "constant");
  const PadMode how = mode == "reflect" ? PadMode::reflect
                      : mode == "edge"  ? PadMode::replicate
                      : mode == "wrap"  ? PadMode::circular
                                        : PadMode::constant;
  const double value = c.has(2) ? c.number(2) : c.number("value", 0);
  return c.like(pad(c[0], std::span<const PadWidth>(widths), how, value));
}

/// An axis cut or padded with zeros to a size, by as much at both ends; the odd element goes to the
/// end.
Values center_crop_pad(const Call& c) {
  Var x = c[0];
  const std::vector<Index> sizes = c.integers(1);
  const std::vector<Index> axes = c.integers("axes", axes_from(0, x.rank()));
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const int axis = normalize_axis("CenterCropPad", static_cast<int>(axes[i]), x.rank());
    const Index missing = sizes[i] - x.shape()[axis];
    if (missing < 0) x = slice(x, axis, {-missing / 2, -missing / 2 + sizes[i]});
    std::vector<PadWidth> widths(static_cast<std::size_t>(x.rank()));
    if (missing > 0) {
      widths[static_cast<std::size_t>(axis)] = {missing / 2, missing - missing / 2};
      x = pad(x, std::span<const PadWidth>(widths));
    }
  }
  return c.like(x);
}

Values depth_to_space(const Call& c) {
  const Var x = c[0];
  const Index b = c.integer("blocksize", 1);
  if (c.text("mode", "DCR") == "CRD") return c.like(pixel_shuffle(x, b));
  const Shape& s = x.shape();
  const Var blocks = reshape(x, {s[0], b, b, s[1] / (b * b), s[2], s[3]});
  return c.like(
      reshape(permute(blocks, {0, 3, 4, 1, 5, 2}), {s[0], s[1] / (b * b), s[2] * b, s[3] * b}));
}

Values space_to_depth(const Call& c) {
  const Index b = c.integer("blocksize", 1);
  const Shape& s = c[0].shape();
  const Var blocks = reshape(c[0], {s[0], s[1], s[2] / b, b, s[3] / b, b});
  return c.like(
      reshape(permute(blocks, {0, 3, 5, 1, 2, 4}), {s[0], s[1] * b * b, s[2] / b, s[3] / b}));
}

Values shape_rule(const Call& c) {
  const Shape& s = c[0].shape();
  const auto at = [&](Index i) { return std::clamp<Index>(i < 0 ? i + s.rank() : i, 0, s.rank()); };
  const Index start = at(c.integer("start", 0)), stop = at(c.integer("end", s.rank()));
  const std::vector<Index> dims(s.begin() + start, s.begin() + std::max(start, stop));
  return {c.constant({static_cast<Index>(dims.size())}, dims)};
}

Values size_rule(const Call& c) { return {c.constant({}, std::vector<Index>{c[0].size()})}; }

Values constant_rule(const Call& c) {
  if (c.has("value_int")) return {c.constant({}, std::vector<Index>{c.integer("value_int", 0)})};
  if (c.has("value_ints")) {
    const std::vector<Index> values = c.integers("value_ints");
    return {c.constant({static_cast<Index>(values.size())}, values)};
  }
  if (c.has("value_float")) {
    return Call::of(c.tape().constant(c.number("value_float", 0)), ElementType::float32);
  }
  const Data& data = c.data("value");
  return Call::of(c.tape().constant(data.values), data.type);
}

Values constant_of_shape(const Call& c) {
  const Shape shape = to_shape(c.integers(0));
  const bool given = c.has("value");
  const ElementType type = given ? c.data("value").type : ElementType::float32;
  const double value = given ? c.data("value").values.data<double>()[0] : 0;
  return Call::of(broadcast_to(c.tape().constant(value), shape), type);
}

Values range(const Call& c) {
  const double start = c.number(0), step = c.number(2);
  const double count = std::max(0.0, std::ceil((c.number(1) - start) / step));
  Tensor values(Shape{static_cast<Index>(count)});
  for (std::size_t i = 0; i < values.data<double>().size(); ++i) {
    values.data<double>()[i] = start + static_cast<double>(i) * step;
  }
  return c.like(c.tape().constant(values));
}

Values eye_like(const Call& c) {
  const Shape shape = c[0].shape();
  const Var ones = broadcast_to(c.tape().constant(1.0), shape);
  const Index k = c.integer("k", 0);
  const auto type = static_cast<ElementType>(c.integer("dtype", static_cast<Index>(c.type())));
  return Call::of(tril(triu(ones, k), k), type);
}

Values triangle(const Call& c) {
  const Index k = c.has(1) ? c.integer(1) : 0;
  return c.like(c.integer("upper", 1) != 0 ? triu(c[0], k) : tril(c[0], k));
}

constexpr NamedRule rules[]{
    {"CenterCropPad", center_crop_pad},
    {"Concat", concat_rule},
    {"Constant", constant_rule},
    {"ConstantOfShape", constant_of_shape},
    {"DepthToSpace", depth_to_space},
    {"Expand", expand},
    {"EyeLike", eye_like},
    {"Flatten", flatten_rule},
    {"Identity", [](const Call& c) { return c.like(c[0]); }},
    {"Pad", pad_rule},
    {"Range", range},
    {"Reshape", reshape_rule},
    {"Shape", shape_rule},
    {"Size", size_rule},
    {"Slice", slice_rule},
    {"SpaceToDepth", space_to_depth},
    {"Split", split_rule},
    {"Squeeze", squeeze_rule},
    {"Tile", tile_rule},
    {"Transpose", transpose_rule},
    {"Trilu", triangle},
    {"Unsqueeze", unsqueeze},
};

}  // namespace

std::span<const NamedRule> shape_rules() { return rules; }

}  // namespace dtheta::onnx_tests
