#pragma once

#include <string_view>

#include "autodiff/var.hpp"

/// What layers ask of their sizes and operands, so that all say it in the same words.
namespace dtheta::nn::detail {

/// Throws ShapeError unless a size that a layer is made with is at least 1.
void require_size(std::string_view layer, std::string_view what, Index size);
/// Throws ValueError unless 0 <= epsilon < infinity.
void require_epsilon(std::string_view layer, double epsilon);
/// Throws ShapeError unless `groups` is at least 1 and divides `channels`.
void require_groups(std::string_view layer, Index channels, Index groups);

/// Throws ShapeError unless x is (samples, channels, ...) with one of the given numbers of spatial
/// axes, or, where `single` allows it, one sample without the first axis. 0 channels: any number.
struct PlaneRule {
  Index channels = 0;
  int least_axes = 1;  ///< spatial ones
  int most_axes = 1;
  bool single = false;
};
void require_planes(std::string_view layer, Var x, const PlaneRule& rule);

/// Throws ShapeError unless the last axis of x has `width` elements.
void require_width(std::string_view layer, Var x, Index width);
/// Throws ShapeError unless x is (samples, length, width).
void require_sequence(std::string_view layer, std::string_view what, Var x, Index width);

}  // namespace dtheta::nn::detail
