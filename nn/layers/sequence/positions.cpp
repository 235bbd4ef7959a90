#include "nn/layers/sequence/positions.hpp"

#include <fmt/format.h>

#include <cmath>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {
namespace {

double checked_base(const char* layer, double base) {
  if (base > 0 && std::isfinite(base)) return base;
  throw ValueError(fmt::format("{}: base {} is not in (0, infinity)", layer, base));
}

Tensor standard_normal(const Shape& shape, RandomKey key) { return normal(shape, 0, 1, key); }

}  // namespace

SinusoidalPositions::SinusoidalPositions(double base)
    : base_(checked_base("sinusoidal positions", base)) {}

Var SinusoidalPositions::forward(Recording& recording, Var x) const {
  const Shape& s = x.shape();
  if (s.rank() < 2 || s[s.rank() - 1] < 1 || s[s.rank() - 2] < 1) {
    throw ShapeError(
        fmt::format("sinusoidal positions: x {} does not fit: (..., length, width), both at least "
                    "1, is needed",
                    to_string(s)));
  }
  return x + positional_encoding(recording.tape(), s[s.rank() - 2], s[s.rank() - 1], base_);
}

LearnedPositions::LearnedPositions(Index longest, Index width, const Initializer& init)
    : weight_{.symbol = "weight"} {
  detail::require_size("learned positions", "positions", longest);
  detail::require_size("learned positions", "numbers for each", width);
  weight_ = to_draw("weight", {longest, width}, init ? init : standard_normal, false);
}

Var LearnedPositions::forward(Recording& recording, Var x) const {
  const Shape &s = x.shape(), &w = weight_.value.shape();
  if (s.rank() < 2 || s[s.rank() - 1] != w[1] || s[s.rank() - 2] > w[0]) {
    throw ShapeError(fmt::format(
        "learned positions: x {} does not fit: (..., length, {}) with a length of at most {} is "
        "needed",
        to_string(s), w[1], w[0]));
  }
  return x + slice(recording(weight_), 0, {0, s[s.rank() - 2]});
}

RotaryPositions::RotaryPositions(const RotaryOptions& options) : options_(options) {
  checked_base("rotary positions", options.base);
}

Var RotaryPositions::forward(Recording&, Var x) const { return rope(x, options_); }

}  // namespace dtheta::nn
