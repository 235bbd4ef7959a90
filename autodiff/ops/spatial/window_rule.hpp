#pragma once

#include <string_view>

#include "autodiff/kernels/window.hpp"
#include "autodiff/ops/spatial/spatial.hpp"
#include "autodiff/scalar/value_type.hpp"
#include "autodiff/var.hpp"

namespace dtheta::detail {

/// What a caller says of a window.
struct WindowRule {
  PerAxis size;
  PerAxis stride = 1;
  PerAxis before = 0;
  PerAxis after = 0;
  PerAxis dilation = 1;
  bool ceil_mode = false;
};

/// The window over the last `axes` axes of `x`. With ceil_mode a last window that sticks out at the
/// end counts, if it starts inside the operand or the padding in front. Throws ShapeError and
/// ValueError naming `op` where the rule makes no sense or the window does not fit.
[[nodiscard]] Window sliding_window(std::string_view op, const Shape& x, int axes,
                                    const WindowRule& rule);

/// Windows that divide the last `axes` axes of `x` into the given numbers of parts: part i of n
/// covers elements [floor(i size / n), ceil((i + 1) size / n)).
[[nodiscard]] Window dividing_window(std::string_view op, const Shape& x, int axes,
                                     const PerAxis& parts);

/// `shape` with its last w.axes axes replaced by w.out, or by w.in.
[[nodiscard]] Shape with_positions(const Shape& shape, const Window& w);
[[nodiscard]] Shape with_elements(const Shape& shape, const Window& w);

/// True when the last w.axes axes of `shape` are w.in, or w.out.
[[nodiscard]] bool has_elements(const Shape& shape, const Window& w);
[[nodiscard]] bool has_positions(const Shape& shape, const Window& w);

/// Throws ValueError naming `op` unless there is one value for each axis, or one for all, and each
/// is at least `least`.
void require_per_axis(std::string_view op, std::string_view what, const PerAxis& values, int axes,
                      Index least);

/// Throws TypeError naming `op` unless the operand holds real values.
void require_real_operand(std::string_view op, const ValueType& operand);
inline void require_real_operand(std::string_view op, Var operand) {
  require_real_operand(op,
                       ValueType{operand.shape(), operand.is_index() ? Kind::index : Kind::real});
}

}  // namespace dtheta::detail
