#include "autodiff/ops/network/recurrent_rules.hpp"

#include <fmt/format.h>

#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta::detail {

void require_sequence(std::string_view op, Types in, const RecurrentSizes& z,
                      std::initializer_list<Shape> shapes) {
  require_real(op, in);
  const bool fits =
      z.time > 0 && std::ranges::equal(in, shapes, [](const ValueType& t, const Shape& s) {
        return t.shape == s;
      });
  if (fits) return;
  std::string got, needed;
  for (const ValueType& t : in) got += (got.empty() ? "" : ", ") + to_string(t.shape);
  for (const Shape& s : shapes) needed += (needed.empty() ? "" : ", ") + to_string(s);
  throw ShapeError(
      fmt::format("{}: {} do not fit at least one step of {} samples and {} hidden: {} are needed",
                  op, got, z.samples, z.hidden, needed));
}

std::span<const RecurrentSizes> recurrent_cases() {
  static const std::vector<RecurrentSizes> list{
      {1, 1, 1}, {3, 2, 2}, {2, 1, 3, true}, {1, 0, 2}, {2, 2, 1}};
  return list;
}

Var states_before(Var h, Var h0, const RecurrentSizes& z) {
  const Var first = expand_dims(h0, 0);
  if (z.time == 1) return first;
  return z.reverse ? concat({slice(h, 0, {1, z.time}), first})
                   : concat({first, slice(h, 0, {0, z.time - 1})});
}

Var alias_of(Var v) { return reshape(expand_dims(v, 0), v.shape()); }

}  // namespace dtheta::detail
