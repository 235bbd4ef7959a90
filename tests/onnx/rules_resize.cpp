#include <algorithm>
#include <cmath>

#include "autodiff/ops/spatial/interpolate.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

Coordinates coordinates_of(const std::string& mode, Index out) {
  if (mode == "half_pixel") return Coordinates::half_pixel;
  // The single element stands at 0.
  if (mode == "pytorch_half_pixel") {
    return out > 1 ? Coordinates::half_pixel : Coordinates::asymmetric;
  }
  if (mode == "align_corners") return Coordinates::align_corners;
  if (mode == "asymmetric") return Coordinates::asymmetric;
  throw Unsupported("Resize with the coordinates " + mode);
}

Nearest nearest_of(const std::string& mode) {
  if (mode == "floor") return Nearest::floor;
  if (mode == "ceil") return Nearest::ceil;
  if (mode == "round_prefer_ceil") return Nearest::round_half_up;
  return Nearest::round_half_down;
}

Resample resample_of(const std::string& mode) {
  if (mode == "nearest") return Resample::nearest;
  if (mode == "linear") return Resample::linear;
  return Resample::cubic;
}

/// Scales given, or sizes that say what they are.
struct Target {
  std::vector<Index> sizes;
  std::vector<double> scales;
};

/// One scale for all axes: the largest with which none is longer than said, or the least with which
/// none is shorter. Sizes follow from it.
double common_scale(const std::string& policy, const Shape& s, const std::vector<Index>& axes,
                    const std::vector<Index>& sizes) {
  std::vector<double> each;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    each.push_back(static_cast<double>(sizes[i]) /
                   static_cast<double>(s[static_cast<int>(axes[i])]));
  }
  return policy == "not_larger" ? std::ranges::min(each) : std::ranges::max(each);
}

Target target_of(const Call& c, std::size_t scales, std::size_t sizes) {
  const Shape& s = c[0].shape();
  std::vector<Index> axes = c.integers("axes", axes_from(0, s.rank()));
  for (Index& a : axes) a = normalize_axis("Resize", static_cast<int>(a), s.rank());
  Target target{{s.begin(), s.end()}, std::vector<double>(static_cast<std::size_t>(s.rank()), 1)};
  const std::string policy = c.text("keep_aspect_ratio_policy", "stretch");
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const auto k = static_cast<std::size_t>(axes[i]);
    const auto in = static_cast<double>(s[static_cast<int>(axes[i])]);
    if (!c.has(sizes)) {
      target.scales[k] = c.numbers(scales)[i];
      target.sizes[k] = static_cast<Index>(std::floor(in * target.scales[k]));
    } else if (policy == "stretch") {
      target.sizes[k] = c.integers(sizes)[i];
      target.scales[k] = static_cast<double>(target.sizes[k]) / in;
    } else {
      target.scales[k] = common_scale(policy, s, axes, c.integers(sizes));
      target.sizes[k] = static_cast<Index>(std::lround(in * target.scales[k]));
    }
  }
  return target;
}

Var resize_all(Var x, const Target& target, InterpolateOptions options, const std::string& mode) {
  const Shape before = x.shape();
  for (int i = 0; i < before.rank(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    if (target.scales[k] == 1) continue;
    const double exact = static_cast<double>(before[i]) * target.scales[k];
    if (mode == "align_corners" && std::abs(exact - std::round(exact)) > 1e-6) {
      throw Unsupported("Resize that aligns the corners of a size that is no whole number");
    }
    options.coordinates = coordinates_of(mode, target.sizes[k]);
    options.scale = target.scales[k];
    x = resize_axis(x, i, target.sizes[k], options);
  }
  return x;
}

Values resize(const Call& c) {
  if (c.integer("antialias", 0) != 0) throw Unsupported("Resize with a filter before it");
  if (c.integer("exclude_outside", 0) != 0) {
    throw Unsupported("Resize whose weights are made to sum to 1 at the border");
  }
  InterpolateOptions options;
  options.mode = resample_of(c.text("mode", "nearest"));
  options.nearest = nearest_of(c.text("nearest_mode", "round_prefer_floor"));
  options.cubic = c.number("cubic_coeff_a", -0.75);
  const std::string mode = c.text("coordinate_transformation_mode", "half_pixel");
  return c.like(resize_all(c[0], target_of(c, 2, 3), options, mode));
}

Values upsample(const Call& c) {
  InterpolateOptions options;
  options.mode = resample_of(c.text("mode", "nearest"));
  return c.like(resize_all(c[0], target_of(c, 1, 2), options, "asymmetric"));
}

constexpr NamedRule rules[]{{"Resize", resize}, {"Upsample", upsample}};

}  // namespace

std::span<const NamedRule> resize_rules() { return rules; }

}  // namespace dtheta::onnx_tests
