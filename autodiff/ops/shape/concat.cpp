#include "autodiff/ops/shape/concat.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <type_traits>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/plan_form.hpp"
#include "autodiff/ops/shape/concat_form.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta {
namespace {

using detail::with_elements;

struct Concat {
  int axis = 0;
  friend constexpr bool operator==(const Concat&, const Concat&) = default;

  static constexpr OpInfo info{
      .name = "concat", .arity = variadic, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x0, x1, ... one behind the other along an axis",
                               "dy = concat(dx0, dx1, ...)"};
  [[nodiscard]] ValueType infer(Types in) const {
    std::array<Index, max_rank> dims{};
    std::ranges::copy(in[0].shape, dims.begin());
    Index& joined = dims[static_cast<std::size_t>(axis)];
    for (const ValueType& t : in.subspan(1)) {
      require_fits(in[0], t);
      joined += t.shape[axis];
    }
    return {
        Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(in[0].shape.rank()))),
        in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit to(call.out_shape(), axis, 1);
    with_elements(call, [&](auto*, auto* out) {
      using E = std::remove_pointer_t<decltype(out)>;
      for (const Operand& in : call.in) {
        const AxisSplit from(in.type->shape, axis, 1);
        const auto* x = static_cast<const E*>(in.data);
        const Index run = from.n * from.inner;
        for (Index o = 0; o < from.outer; ++o) {
          std::copy_n(x + o * run, run, out + o * to.n * to.inner);
        }
        out += run;
      }
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    Index start = 0;
    for (int k = 0; k < i; ++k) start += p[k].shape()[axis];
    return slice(c, axis, {start, start + p[i].shape()[axis]});
  }
  [[nodiscard]] Var batch(const Batch& b) const {
    std::vector<Var> expanded;
    for (std::size_t i = 0; i < b.in.size(); ++i)
      expanded.push_back(b.expanded(static_cast<int>(i)));
    return concat(expanded, axis + 1);
  }
  static std::vector<Sample<Concat>> samples() {
    return {{{0}, {real({2}), real({3})}},
            {{1}, {real({2, 1}), real({2, 3}), real({2, 2})}},
            {{0}, {real({1, 3}), real({0, 3})}},
            {{1}, {real({2, 2, 2}), real({2, 1, 2})}},
            {{0}, {real({4})}}};
  }

 private:
  void require_fits(const ValueType& first, const ValueType& t) const {
    bool fits = t.kind == first.kind && t.shape.rank() == first.shape.rank();
    for (int i = 0; fits && i < t.shape.rank(); ++i) {
      fits = i == axis || t.shape[i] == first.shape[i];
    }
    if (!fits) {
      throw ShapeError(fmt::format("concat: {} and {} differ on an axis other than {}",
                                   to_string(first.shape), to_string(t.shape), axis));
    }
  }
};

}  // namespace

Var concat(std::span<const Var> xs, int axis, SourceLocation at) {
  if (xs.empty()) throw ShapeError("concat: the list of operands is empty");
  std::vector<Arg> args;
  for (Var x : xs) args.emplace_back(x, at);
  const Concat op{normalize_axis("concat", axis, xs[0].rank())};
  return apply(record_of<Concat>, &op, args);
}

Var concat(std::initializer_list<Var> xs, int axis, SourceLocation at) {
  return concat(std::span(xs.begin(), xs.size()), axis, at);
}

MergedForm stack_rows_form() {
  static constexpr Concat rows{0};
  return {&record_of<Concat>, &rows};
}

std::optional<int> concat_axis(const Node& node) {
  if (node.op != &record_of<Concat>) return {};
  return static_cast<const Concat*>(node.attributes)->axis;
}

std::span<const OpEntry> concat_ops() { return OpList<Concat>::entries; }

}  // namespace dtheta
