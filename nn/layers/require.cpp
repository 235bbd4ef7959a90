#include "nn/layers/require.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <string>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {
namespace {

/// "(samples, 3, height, width)"; a number of channels that is free goes by its name.
std::string planes(const PlaneRule& rule, int axes, bool single) {
  static constexpr std::array<std::string_view, 4> names{"", ", length", ", height, width",
                                                         ", depth, height, width"};
  const std::string channels = rule.channels > 0 ? fmt::to_string(rule.channels) : "channels";
  return fmt::format("({}{}{})", single ? "" : "samples, ", channels,
                     names.at(static_cast<std::size_t>(axes)));
}

}  // namespace

void require_size(std::string_view layer, std::string_view what, Index size) {
  if (size >= 1) return;
  throw ShapeError(fmt::format("{}: {} {}, need at least 1", layer, size, what));
}

void require_epsilon(std::string_view layer, double epsilon) {
  if (epsilon >= 0 && std::isfinite(epsilon)) return;
  throw ValueError(fmt::format("{}: epsilon {} is not in [0, infinity)", layer, epsilon));
}

void require_groups(std::string_view layer, Index channels, Index groups) {
  if (groups >= 1 && channels % groups == 0) return;
  throw ShapeError(
      fmt::format("{}: {} channels do not divide into {} groups", layer, channels, groups));
}

void require_planes(std::string_view layer, Var x, const PlaneRule& rule) {
  const Shape& s = x.shape();
  const auto fits = [&](int before) {
    const int axes = s.rank() - before - 1;
    return axes >= rule.least_axes && axes <= rule.most_axes &&
           (rule.channels == 0 || s[before] == rule.channels);
  };
  if (fits(1) || (rule.single && fits(0))) return;
  std::string wanted = planes(rule, rule.least_axes, false);
  for (int axes = rule.least_axes + 1; axes <= rule.most_axes; ++axes) {
    wanted += " or " + planes(rule, axes, false);
  }
  if (rule.single) wanted += " or, for one sample, " + planes(rule, rule.most_axes, true);
  throw ShapeError(fmt::format("{}: x {} does not fit: {} is needed", layer, to_string(s), wanted));
}

void require_width(std::string_view layer, Var x, Index width) {
  const Shape& s = x.shape();
  if (s.rank() >= 1 && s[s.rank() - 1] == width) return;
  throw ShapeError(
      fmt::format("{}: x {} does not fit: (..., {}) is needed", layer, to_string(s), width));
}

void require_sequence(std::string_view layer, std::string_view what, Var x, Index width) {
  const Shape& s = x.shape();
  if (s.rank() == 3 && s[2] == width) return;
  throw ShapeError(fmt::format("{}: {} {} does not fit: (samples, length, {}) is needed", layer,
                               what, to_string(s), width));
}

}  // namespace dtheta::nn::detail
