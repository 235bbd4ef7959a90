#include "autodiff/ops/spatial/planes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/spatial/window_rule.hpp"

namespace dtheta {
namespace {

/// Elements of the last `axes` axes.
Index plane_size(const Shape& s, int axes) {
  Index size = 1;
  for (int i = s.rank() - axes; i < s.rank(); ++i) size *= s[i];
  return size;
}

void require_planes(std::string_view op, Types in, int axes) {
  const Shape &x = in[0].shape, &at = in[1].shape;
  detail::require_real_operand(op, in[0]);
  if (in[1].kind != Kind::index) {
    throw TypeError(
        fmt::format("{}: indices {} hold real values, int64 is needed", op, to_string(at)));
  }
  const bool fits = axes >= 0 && x.rank() >= axes && at.rank() == x.rank() &&
                    std::equal(x.begin(), x.end() - axes, at.begin());
  if (!fits) {
    throw ShapeError(fmt::format("{}: indices {} do not fit {}: the axes before the last {} differ",
                                 op, to_string(at), to_string(x), axes));
  }
}

Index checked(std::string_view op, Index i, Index plane, Index size) {
  if (i < 0 || i >= size) {
    throw ValueError(fmt::format("{}: index {} in plane {} is out of range for {} elements", op, i,
                                 plane, size));
  }
  return i;
}

/// Calls visit(plane of the whole, position, index in the plane) for each index.
template <class Visit>
void for_each_index(std::string_view op, const Shape& whole, const Shape& indices, int axes,
                    const Index* at, Visit visit) {
  const Index size = plane_size(whole, axes), count = plane_size(indices, axes);
  const Index planes = count > 0 ? indices.size() / count : 0;
  for (Index n = 0; n < planes; ++n) {
    for (Index i = n * count; i < (n + 1) * count; ++i) {
      visit(n * size, i, checked(op, at[i], n, size));
    }
  }
}

struct TakeInPlanes {
  int axes = 0;
  friend constexpr bool operator==(const TakeInPlanes&, const TakeInPlanes&) = default;

  static constexpr OpInfo info{
      .name = "take_in_planes", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y = x[i] in each plane", "dy = dx[i]"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_planes(info.name, in, axes);
    return {in[1].shape, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    for_each_index(info.name, call.shape(0), call.shape(1), axes, call.indices(1),
                   [&](Index plane, Index position, Index i) {
                     call.output()[position] = call.input(0)[plane + i];
                   });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i != 0) return {};
    const Shape x = p[0].shape();
    return add_in_planes(c, p[1],
                         Shape(x.dims().subspan(static_cast<std::size_t>(x.rank() - axes))));
  }
  static std::vector<Sample<TakeInPlanes>> samples() {
    return {{{1}, {real({4}), index({2}, {3, 0})}},
            {{1}, {real({2, 3}), index({2, 2}, {2, 0, 1, 1})}},
            {{2}, {real({2, 2, 3}), index({2, 1, 2}, {5, 0, 3, 3})}},
            {{2}, {real({1, 2, 2, 2}), index({1, 2, 3, 1}, {0, 1, 2, 3, 3, 3})}},
            {{3}, {real({1, 2, 2, 2}), index({1, 1, 1, 2}, {7, 2})}},
            {{0}, {real({2}), index({2}, {0, 0})}},
            {{1}, {real({2, 3}), index({2, 0}, {})}},
            {{1}, {real({0, 3}), index({0, 2}, {})}},
            {{1}, {real({2, 1}), index({2, 3}, {0, 0, 0, 0, 0, 0})}},
            {{2}, {real({3, 3}), index({1, 1}, {8})}},
            {{1}, {real({1, 2, 3}), index({1, 2, 3}, {2, 1, 0, 0, 1, 2})}},
            {{1}, {given({3}, {1e30, -1e-30, 1}), index({2}, {1, 0})}}};
  }
};

struct AddInPlanes {
  int axes = 0;
  std::array<Index, max_rank> plane{};
  friend constexpr bool operator==(const AddInPlanes&, const AddInPlanes&) = default;

  static AddInPlanes onto(const Shape& plane) {
    AddInPlanes op{plane.rank(), {}};
    std::ranges::copy(plane, op.plane.begin());
    return op;
  }
  static constexpr OpInfo info{
      .name = "add_in_planes", .arity = 2, .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[k] = the sum of x[j] over all j with i[j] = k, in each plane",
                               "dy = add_in_planes(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    require_planes(info.name, in, axes);
    const Shape& x = in[0].shape;
    if (in[1].shape != x) {
      throw ShapeError(fmt::format("{}: indices {} do not fit {}: one for each element is needed",
                                   info.name, to_string(in[1].shape), to_string(x)));
    }
    std::array<Index, max_rank> dims{};
    std::ranges::copy(x, dims.begin());
    std::copy_n(plane.begin(), axes, dims.begin() + x.rank() - axes);
    return {Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(x.rank()))),
            Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    std::fill_n(call.output(), call.out_shape().size(), T(0));
    for_each_index(info.name, call.out_shape(), call.shape(1), axes, call.indices(1),
                   [&](Index to, Index position, Index i) {
                     call.output()[to + i] += call.input(0)[position];
                   });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? take_in_planes(c, p[1], axes) : Var{};
  }
  static std::vector<Sample<AddInPlanes>> samples() {
    return {{onto({4}), {real({2}), index({2}, {3, 0})}},
            {onto({3}), {real({2, 2}), index({2, 2}, {2, 0, 1, 1})}},
            {onto({2, 3}), {real({2, 1, 2}), index({2, 1, 2}, {5, 0, 3, 3})}},
            {onto({2, 2}), {real({1, 2, 3, 1}), index({1, 2, 3, 1}, {0, 1, 2, 3, 3, 3})}},
            {onto({2, 2, 2}), {real({1, 1, 1, 2}), index({1, 1, 1, 2}, {7, 2})}},
            {onto({}), {real({2}), index({2}, {0, 0})}},
            {onto({3}), {real({2, 0}), index({2, 0}, {})}},
            {onto({3}), {real({0, 2}), index({0, 2}, {})}},
            {onto({1}), {real({2, 3}), index({2, 3}, {0, 0, 0, 0, 0, 0})}},
            {onto({3, 3}), {real({1, 1}), index({1, 1}, {8})}},
            {onto({3}), {real({1, 2, 3}), index({1, 2, 3}, {2, 1, 0, 0, 1, 2})}},
            {onto({2}), {given({2}, {1e30, -1e-30}), index({2}, {1, 0})}}};
  }
};

}  // namespace

Var take_in_planes(Arg x, Arg indices, int axes) { return apply(TakeInPlanes{axes}, {x, indices}); }
Var add_in_planes(Arg x, Arg indices, const Shape& plane) {
  return apply(AddInPlanes::onto(plane), {x, indices});
}

std::span<const OpEntry> plane_ops() { return OpList<TakeInPlanes, AddInPlanes>::entries; }

}  // namespace dtheta
