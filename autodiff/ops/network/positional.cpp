#include "autodiff/ops/network/positional.hpp"

#include <fmt/format.h>

#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// start, start + step, ... as a constant.
Var counted(Tape& tape, const Shape& shape, Index start, Index step, SourceLocation at) {
  Tensor t(shape);
  for (double& v : t.data<double>()) v = static_cast<double>(start), start += step;
  return tape.constant(t, at);
}

/// (length, pairs): position times base^(-2i / width).
Var angles(Tape& tape, Index start, Index length, Index width, double base, SourceLocation at) {
  const Var position = counted(tape, Shape{length, 1}, start, 1, at);
  const Var even = counted(tape, Shape{(width + 1) / 2}, 0, 2, at);
  return position / pow(base, Arg(even / static_cast<double>(width), at));
}

/// a and b alternating along the last axis.
Var interleave(Var a, Var b) {
  const Shape s = a.shape();
  const Var pairs = concat({expand_dims(a, -1), expand_dims(b, -1)}, -1);
  return flatten(pairs, s.rank() - 1, s.rank());
}

void require_base(std::string_view op, double base) {
  if (!(base > 0 && base < std::numeric_limits<double>::infinity())) {
    throw ValueError(fmt::format("{}: the base must be positive and finite, but is {}", op, base));
  }
}

}  // namespace

Var positional_encoding(Tape& tape, Index length, Index width, double base, SourceLocation at) {
  require_base("positional_encoding", base);
  if (length < 1 || width < 1) {
    throw ValueError(fmt::format("positional_encoding: ({}, {}) is not a positive length and width",
                                 length, width));
  }
  const Var angle = angles(tape, 0, length, width, base, at);
  const Var both = interleave(sin(angle), cos(angle));
  return width % 2 == 0 ? both : slice(both, 1, {0, width});
}

Var rope(Arg x, const RotaryOptions& o) {
  require_base("rope", o.base);
  const Shape s = x.var().shape();
  if (s.rank() < 2 || s[s.rank() - 1] % 2 != 0 || s[s.rank() - 1] == 0) {
    throw ShapeError(
        fmt::format("rope: {} does not fit: (..., length, width) with an even width is "
                    "needed",
                    to_string(s)));
  }
  const int last = s.rank() - 1;
  const Index width = s[last], half = width / 2;
  const Var angle = angles(x.var().tape(), o.start, s[last - 1], width, o.base, x.at());
  const Var c = cos(angle), d = sin(angle);
  const Var a = slice(x, last, o.interleaved ? Range{0, width, 2} : Range{0, half});
  const Var b = slice(x, last, o.interleaved ? Range{1, width, 2} : Range{half, width});
  const Var turned_a = a * c - b * d, turned_b = b * c + a * d;
  return o.interleaved ? interleave(turned_a, turned_b) : concat({turned_a, turned_b}, last);
}

}  // namespace dtheta
