#include "nn/layers/bilinear.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/einsum.hpp"
#include "nn/init.hpp"
#include "nn/layers/require.hpp"

namespace dtheta::nn {

Bilinear::Bilinear(Index in1, Index in2, Index out, const BilinearOptions& options)
    : weight_{.symbol = "weight"} {
  detail::require_size("bilinear", "first inputs", in1);
  detail::require_size("bilinear", "second inputs", in2);
  detail::require_size("bilinear", "outputs", out);
  const Initializer within = uniform_by_fan(in1);
  weight_ = to_draw("weight", {out, in1, in2}, options.weight_init ? options.weight_init : within);
  if (!options.bias) return;
  bias_ = to_draw("bias", {out}, options.bias_init ? options.bias_init : within, false);
}

Var Bilinear::forward(Recording& recording, Var x1, Var x2) const {
  const Shape &w = weight_.value.shape(), &a = x1.shape(), &b = x2.shape();
  const bool fits = a.rank() >= 1 && a.rank() == b.rank() && a[a.rank() - 1] == w[1] &&
                    b[b.rank() - 1] == w[2] && std::equal(a.begin(), a.end() - 1, b.begin());
  if (!fits) {
    throw ShapeError(fmt::format(
        "bilinear: x1 {} and x2 {} do not fit: (..., {}) and (..., {}), equal before that, are "
        "needed",
        to_string(a), to_string(b), w[1], w[2]));
  }
  const Var y = einsum("...i,oij,...j->...o", {x1, recording(weight_), x2});
  return bias_ ? y + recording(*bias_) : y;
}

}  // namespace dtheta::nn
