#include <algorithm>
#include <numeric>
#include <string>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

PerAxis per_axis(const std::vector<Index>& values) {
  return PerAxis(std::span<const Index>(values));
}

/// The attributes that all windows have.
struct WindowAttributes {
  std::vector<Index> size, stride, dilation, before, after;
  bool ceil_mode = false;

  WindowAttributes(const Call& c, const std::vector<Index>& window) {
    const std::size_t axes = window.size();
    size = window;
    stride = c.integers("strides", std::vector<Index>(axes, 1));
    dilation = c.integers("dilations", std::vector<Index>(axes, 1));
    const auto pads = c.integers("pads", std::vector<Index>(2 * axes, 0));
    before.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(axes));
    after.assign(pads.begin() + static_cast<std::ptrdiff_t>(axes), pads.end());
    ceil_mode = c.integer("ceil_mode", 0) != 0;
  }

  /// Padding shared between both ends, the odd element in front for SAME_LOWER.
  void share(std::size_t axis, Index total, bool lower) {
    before[axis] = lower ? total - total / 2 : total / 2;
    after[axis] = total - before[axis];
  }

  /// Padding with which there are ceil(elements / stride) positions.
  void pad_to_same(const Call& c, const Shape& x) {
    const std::string how = c.text("auto_pad", "NOTSET");
    if (!how.starts_with("SAME")) return;
    for (std::size_t i = 0; i < size.size(); ++i) {
      const Index elements = x[static_cast<int>(i) + 2];
      const Index positions = (elements + stride[i] - 1) / stride[i];
      const Index covered = (positions - 1) * stride[i] + (size[i] - 1) * dilation[i] + 1;
      share(i, std::max<Index>(0, covered - elements), how == "SAME_LOWER");
    }
  }
};

std::vector<Index> spatial_dims(const Shape& s) { return {s.begin() + 2, s.end()}; }

Values convolve(const Call& c) {
  WindowAttributes w(c, spatial_dims(c[1].shape()));
  w.pad_to_same(c, c[0].shape());
  const ConvOptions options{.stride = per_axis(w.stride),
                            .padding = per_axis(w.before),
                            .padding_end = per_axis(w.after),
                            .dilation = per_axis(w.dilation),
                            .groups = c.integer("group", 1)};
  return c.like(c.has(2) ? conv(c[0], c[1], c[2], options) : conv(c[0], c[1], options));
}

Values convolve_transposed(const Call& c) {
  WindowAttributes w(c, spatial_dims(c[1].shape()));
  const std::size_t axes = w.size.size();
  std::vector<Index> extra = c.integers("output_padding", std::vector<Index>(axes, 0));
  const std::string how = c.text("auto_pad", "NOTSET");
  std::vector<Index> wanted = c.integers("output_shape");
  if (wanted.empty() && how.starts_with("SAME")) {
    wanted = spatial_dims(c[0].shape());
    for (std::size_t i = 0; i < axes; ++i) wanted[i] *= w.stride[i];
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Index in = c[0].shape()[static_cast<int>(i) + 2];
    const Index total =
        w.stride[i] * (in - 1) + extra[i] + (w.size[i] - 1) * w.dilation[i] + 1 - wanted[i];
    w.share(i, std::max<Index>(0, total), how != "SAME_UPPER");
    extra[i] += std::max<Index>(0, -total);
  }
  const ConvTransposeOptions options{.stride = per_axis(w.stride),
                                     .padding = per_axis(w.before),
                                     .padding_end = per_axis(w.after),
                                     .dilation = per_axis(w.dilation),
                                     .groups = c.integer("group", 1),
                                     .output_padding = per_axis(extra)};
  return c.like(c.has(2) ? conv_transpose(c[0], c[1], c[2], options)
                         : conv_transpose(c[0], c[1], options));
}

template <class Options>
Options pool_options(const WindowAttributes& w) {
  Options o;
  o.stride = per_axis(w.stride);
  o.padding = per_axis(w.before);
  o.padding_end = per_axis(w.after);
  o.dilation = per_axis(w.dilation);
  o.ceil_mode = w.ceil_mode;
  return o;
}

WindowAttributes pool_window(const Call& c) {
  WindowAttributes w(c, c.integers("kernel_shape"));
  w.pad_to_same(c, c[0].shape());
  return w;
}

/// Whether the last window along some axis reaches over the padding, as ceil_mode lets it.
bool reaches_over(const WindowAttributes& w, const Shape& x) {
  for (std::size_t i = 0; i < w.size.size(); ++i) {
    const Index padded = x[static_cast<int>(i) + 2] + w.before[i] + w.after[i];
    const Index covered = (w.size[i] - 1) * w.dilation[i] + 1;
    if ((padded - covered) % w.stride[i] != 0) return true;
  }
  return false;
}

Values average_pool(const Call& c) {
  const WindowAttributes w = pool_window(c);
  if (w.ceil_mode && c.integer("count_include_pad", 0) != 0 && reaches_over(w, c[0].shape())) {
    throw Unsupported("AveragePool that counts what lies behind the padding");
  }
  auto options = pool_options<AvgPoolOptions>(w);
  options.count_include_pad = c.integer("count_include_pad", 0) != 0;
  constexpr Var (*by_rank[])(Arg, PerAxis, const AvgPoolOptions&){avg_pool1d, avg_pool2d,
                                                                  avg_pool3d};
  return c.like(by_rank[w.size.size() - 1](c[0], per_axis(w.size), options));
}

/// (sum of |x|^p under the window)^(1/p), zeros in the padding.
Values norm_pool(const Call& c) {
  const WindowAttributes w = pool_window(c);
  auto options = pool_options<AvgPoolOptions>(w);
  options.count_include_pad = true;
  const Index taps = std::accumulate(w.size.begin(), w.size.end(), Index{1}, std::multiplies<>());
  const double p = static_cast<double>(c.integer("p", 2));
  constexpr Var (*by_rank[])(Arg, PerAxis, const AvgPoolOptions&){avg_pool1d, avg_pool2d,
                                                                  avg_pool3d};
  const Var mean = by_rank[w.size.size() - 1](pow(abs(c[0]), p), per_axis(w.size), options);
  return c.like(pow(mean * static_cast<double>(taps), 1 / p));
}

/// The patches of an image put back, those that fall on each other added up.
Values columns_to_image(const Call& c) {
  const std::vector<Index> plane = c.integers(1);
  const WindowAttributes w(c, c.integers(2));
  return c.like(fold(c[0], to_shape(plane), per_axis(w.size),
                     {.stride = per_axis(w.stride),
                      .padding = per_axis(w.before),
                      .padding_end = per_axis(w.after),
                      .dilation = per_axis(w.dilation)}));
}

/// Places in planes as places in the whole tensor, the spatial axes being counted from the first
/// (row-major) or the last.
Value places_in_tensor(const Call& c, Var in_planes, bool column_major) {
  const std::vector<Index> dims = spatial_dims(c[0].shape());
  const Index plane = std::accumulate(dims.begin(), dims.end(), Index{1}, std::multiplies<>());
  const Index positions = in_planes.size() / (in_planes.shape()[0] * in_planes.shape()[1]);
  std::vector<Index> places;
  for (Index place : in_planes.data<Index>()) {
    if (column_major) {
      Index rest = place, weight = plane;
      place = 0;
      for (std::size_t i = dims.size(); i-- > 0;) {
        weight /= dims[i];
        place += rest % dims[i] * weight;
        rest /= dims[i];
      }
    }
    places.push_back(place + static_cast<Index>(places.size()) / positions * plane);
  }
  return c.constant(in_planes.shape(), places);
}

Values max_pool(const Call& c) {
  const WindowAttributes w = pool_window(c);
  const auto options = pool_options<PoolOptions>(w);
  using Pool = Var (*)(Arg, PerAxis, const PoolOptions&);
  constexpr Pool by_rank[]{max_pool1d, max_pool2d, max_pool3d};
  constexpr Pool indices_by_rank[]{max_pool1d_indices, max_pool2d_indices, max_pool3d_indices};
  const std::size_t kind = w.size.size() - 1;
  Values result = c.like(by_rank[kind](c[0], per_axis(w.size), options));
  if (c.output_count() > 1) {
    const Var places = indices_by_rank[kind](c[0], per_axis(w.size), options);
    result.push_back(places_in_tensor(c, places, c.integer("storage_order", 0) != 0));
  }
  return result;
}

/// Indices count in a plane of the size that follows from the window. A larger one that is asked
/// for has zeros behind it.
Values max_unpool(const Call& c) {
  const WindowAttributes w(c, c.integers("kernel_shape"));
  std::vector<Index> plane = spatial_dims(c[0].shape());
  for (std::size_t i = 0; i < plane.size(); ++i) {
    plane[i] = (plane[i] - 1) * w.stride[i] + w.size[i] - w.before[i] - w.after[i];
  }
  const Index size = std::accumulate(plane.begin(), plane.end(), Index{1}, std::multiplies<>());
  std::vector<Index> places = c.integers(1);
  for (Index& p : places) p %= size;
  const Var in_planes = c.tape().constant(Tensor(c[0].shape(), std::span<const Index>(places)));
  const Var y = add_in_planes(c[0], in_planes, to_shape(plane));
  if (!c.has(2)) return c.like(y);
  const std::vector<Index> wanted = spatial_dims(to_shape(c.integers(2)));
  std::vector<PadWidth> widths;
  for (std::size_t i = 0; i < plane.size(); ++i) widths.push_back({0, wanted[i] - plane[i]});
  return c.like(pad(y, std::span<const PadWidth>(widths)));
}

constexpr NamedRule rules[]{
    {"AveragePool", average_pool},
    {"Col2Im", columns_to_image},
    {"Conv", convolve},
    {"ConvTranspose", convolve_transposed},
    {"GlobalAveragePool", [](const Call& c) { return c.like(global_avg_pool(c[0])); }},
    {"GlobalMaxPool", [](const Call& c) { return c.like(global_max_pool(c[0])); }},
    {"LpPool", norm_pool},
    {"MaxPool", max_pool},
    {"MaxUnpool", max_unpool},
};

}  // namespace

std::span<const NamedRule> window_rules() { return rules; }

}  // namespace dtheta::onnx_tests
