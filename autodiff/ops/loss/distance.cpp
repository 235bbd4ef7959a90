#include "autodiff/ops/loss/distance.hpp"

#include <fmt/format.h>

#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

void require_norm(std::string_view op, double p) {
  if (!(p >= 0)) throw ValueError(fmt::format("{}: p = {} is not a number >= 0", op, p));
}

}  // namespace

Var cdist(Arg a, Arg b, double p) {
  const Shape &s = a.var().shape(), &t = b.var().shape();
  require_norm("cdist", p);
  detail::require_real("cdist", a.var().type());
  detail::require_real("cdist", b.var().type());
  if (s.rank() < 2 || t.rank() < 2 || s[s.rank() - 1] != t[t.rank() - 1]) {
    throw ShapeError(fmt::format(
        "cdist: {} and {} do not fit: (..., rows, width) twice, of one width, are needed",
        to_string(s), to_string(t)));
  }
  static_cast<void>(broadcast("cdist", detail::batch_of(s), detail::batch_of(t)));
  const Var apart = expand_dims(a, -2) - expand_dims(b, -3);
  // Of no width there is nothing to be the largest.
  if (s[s.rank() - 1] == 0) return sum(apart, -1);
  return norm(Arg(apart, a.at()), p, -1);
}

Var pdist(Arg x, double p) {
  const Shape& s = x.var().shape();
  require_norm("pdist", p);
  detail::require_real("pdist", x.var().type());
  if (s.rank() != 2) {
    throw ShapeError(fmt::format("pdist: {} is no matrix (rows, width)", to_string(s)));
  }
  const Index n = s[0], pairs = n * (n - 1) / 2;
  Tensor first(Shape{pairs}, DType::int64), second(Shape{pairs}, DType::int64);
  std::size_t at = 0;
  for (Index i = 0; i < n; ++i) {
    for (Index j = i + 1; j < n; ++j, ++at) {
      first.data<Index>()[at] = i;
      second.data<Index>()[at] = j;
    }
  }
  Tape& tape = x.var().tape();
  const Var apart = take(x, tape.constant(first), 0) - take(x, tape.constant(second), 0);
  if (s[1] == 0) return sum(apart, -1);
  return norm(Arg(apart, x.at()), p, -1);
}

}  // namespace dtheta
