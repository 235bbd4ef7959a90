#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/grid_sample.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

GridSampleOptions::Mode mode_of(const std::string& name) {
  if (name == "linear" || name == "bilinear") return GridSampleOptions::Mode::linear;
  if (name == "nearest") return GridSampleOptions::Mode::nearest;
  throw Unsupported("GridSample with the mode " + name);
}

GridSampleOptions::Padding padding_of(const std::string& name) {
  if (name == "border") return GridSampleOptions::Padding::border;
  if (name == "reflection") return GridSampleOptions::Padding::reflection;
  return GridSampleOptions::Padding::zeros;
}

Values sample_at_grid(const Call& c) {
  return c.like(grid_sample(c[0], c[1],
                            {.mode = mode_of(c.text("mode", "linear")),
                             .padding = padding_of(c.text("padding_mode", "zeros")),
                             .align_corners = c.integer("align_corners", 0) != 0}));
}

Values grid_of_affine(const Call& c) {
  const std::vector<Index> size = c.integers(1);  // samples, channels, height, width
  if (size.size() != 4) throw Unsupported("AffineGrid of three axes");
  return c.like(affine_grid(c[0], size[2], size[3], c.integer("align_corners", 0) != 0));
}

/// Complex values have a last axis of two elements; real ones may have one of one.
ComplexPair from_last_axis(Var x) {
  const Shape& s = x.shape();
  const Var real = select(x, -1, 0);
  if (s[s.rank() - 1] == 2) return {real, select(x, -1, 1)};
  return {real, x.tape().constant(Tensor(real.shape()))};
}

Var to_last_axis(const ComplexPair& z) { return stack({z.real, z.imaginary}, -1); }

/// x with `length` elements along an axis: cut, or with zeros behind.
Var with_length(Var x, int axis, Index length) {
  const Index n = x.shape()[axis];
  if (length <= n) return slice(x, axis, {0, length});
  std::vector<PadWidth> widths(static_cast<std::size_t>(x.shape().rank() - axis));
  widths[0].after = length - n;
  return pad(x, widths);
}

/// The first n / 2 + 1 elements, where the others are their conjugates.
Var one_side(Var x, int axis) { return slice(x, axis, {0, x.shape()[axis] / 2 + 1}); }

Values transform(const Call& c) {
  const int rank = c[0].shape().rank();
  const Index given = c.opset() < 20 ? c.integer("axis", 1) : c.has(2) ? c.integer(2) : -2;
  const int axis = normalize_axis("DFT", static_cast<int>(given), rank);
  const Var x = c.has(1) ? with_length(c[0], axis, c.integer(1)) : c[0];
  const ComplexPair z = from_last_axis(x);
  const Var all = to_last_axis(c.integer("inverse", 0) != 0 ? ifft(z, axis) : fft(z, axis));
  return c.like(c.integer("onesided", 0) != 0 ? one_side(all, axis) : all);
}

/// The transforms of frames of the signal (batch, length, 1 or 2), each under the window.
Values transform_frames(const Call& c) {
  const Index step = c.integer(1);
  const Index length = c.has(3) ? c.integer(3) : c[2].shape()[0];
  std::vector<Var> frames;
  for (Index from = 0; from + length <= c[0].shape()[1]; from += step) {
    const Var frame = slice(c[0], 1, {from, from + length});
    frames.push_back(c.has(2) ? frame * reshape(c[2], {length, 1}) : frame);
  }
  const Var all = to_last_axis(fft(from_last_axis(stack(frames, 1)), 2));
  return c.like(c.integer("onesided", 1) != 0 ? one_side(all, 2) : all);
}

constexpr NamedRule rules[]{
    {"AffineGrid", grid_of_affine},
    {"DFT", transform},
    {"GridSample", sample_at_grid},
    {"STFT", transform_frames},
};

}  // namespace

std::span<const NamedRule> sampling_rules() { return rules; }

}  // namespace dtheta::onnx_tests
