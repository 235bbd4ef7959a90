#include "autodiff/ops/shape/scatter.hpp"

#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/shape/along_axis.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/scatter_form.hpp"
#include "autodiff/ops/shape/scatter_rules.hpp"

namespace dtheta {
namespace {

using detail::AlongAxis;

/// Tuples of indices along the last axis of the index tensor.
struct Tuples {
  int batch_axes = 0;
  friend constexpr bool operator==(const Tuples&, const Tuples&) = default;

  struct Names {
    static constexpr std::string_view gather = "gather_nd", put = "scatter_nd",
                                      add = "scatter_nd_add", gather_last = "gather_nd_last";
  };
  [[nodiscard]] Shape updates_shape(std::string_view op, const Shape& x, const Shape& at) const {
    const Index length = at.rank() > 0 ? at[at.rank() - 1] : 0;
    bool fits = batch_axes >= 0 && at.rank() > batch_axes && x.rank() >= batch_axes &&
                length <= x.rank() - batch_axes;
    for (int i = 0; fits && i < batch_axes; ++i) fits = at[i] == x[i];
    if (!fits) {
      throw ShapeError(fmt::format("{}: indices {} with {} batch axes do not fit {}", op,
                                   to_string(at), batch_axes, to_string(x)));
    }
    const auto inner = x.dims().subspan(static_cast<std::size_t>(batch_axes + length));
    return detail::replaced(at, at.rank() - 1, 1, inner);
  }
  template <class Visit>
  void for_each(std::string_view op, const Shape& x, const Shape& at, const Index* values,
                Visit visit) const {
    const Index length = at[at.rank() - 1];
    const auto strides = strides_of(x);
    const AxisSplit batch(x, 0, batch_axes), tuples(at, batch_axes, at.rank() - 1 - batch_axes);
    const int inner = batch_axes + static_cast<int>(length);
    const Index run = AxisSplit(x, 0, inner).inner;
    for (Index b = 0, k = 0; b < batch.n; ++b) {
      for (Index t = 0; t < tuples.n; ++t, ++k) {
        Index offset = b * batch.inner;
        for (int i = batch_axes; i < inner; ++i) {
          const Index position = k * length + (i - batch_axes);
          offset += detail::checked_index(op, values, position, x[i]) *
                    strides[static_cast<std::size_t>(i)];
        }
        visit(offset, k * run, run);
      }
    }
  }

  static std::vector<detail::Place<Tuples>> places() {
    return {{{0}, {4}, index({2, 1}, {2, 0})},
            {{0}, {4}, index({5, 1}, {1, 1, -1, 0, 1})},
            {{0}, {2, 3}, index({2, 2}, {0, 2, 1, -1})},
            {{0}, {3, 2}, index({2, 1}, {2, 2})},
            {{0}, {2, 3, 2}, index({2, 2}, {1, 0, 0, 2})},
            {{0}, {2, 3}, index({2, 2, 1}, {1, 0, 0, 1})},
            {{1}, {2, 3}, index({2, 1}, {2, 0})},
            {{1}, {2, 3, 2}, index({2, 2, 1}, {1, 1, -1, 0})},
            {{2}, {2, 1, 3}, index({2, 1, 2, 1}, {0, 2, 1, 1})},
            {{0}, {2, 2}, index({2}, {1, 0})},
            {{0}, {2, 2}, index({0, 2}, {})},
            {{0}, {3}, index({1, 0}, {})}};
  }
};

}  // namespace

Var take_along_axis(Arg x, Arg indices, int axis) {
  const int a = normalize_axis("take_along_axis", axis, x.var().rank());
  return apply(detail::Gather<AlongAxis>{{a}}, {x, indices});
}

Var put_along_axis(Arg x, Arg indices, Arg updates, int axis) {
  const int a = normalize_axis("put_along_axis", axis, x.var().rank());
  return apply(detail::Put<AlongAxis>{{{a}}}, {x, indices, updates});
}

Var scatter_add_along_axis(Arg x, Arg indices, Arg updates, int axis) {
  const int a = normalize_axis("scatter_add_along_axis", axis, x.var().rank());
  return apply(detail::ScatterSum<AlongAxis>{{{a}}}, {x, indices, updates});
}

Var gather_nd(Arg x, Arg indices, int batch_axes) {
  return apply(detail::Gather<Tuples>{{batch_axes}}, {x, indices});
}

Var scatter_nd(Arg x, Arg indices, Arg updates, int batch_axes) {
  return apply(detail::Put<Tuples>{{{batch_axes}}}, {x, indices, updates});
}

Var scatter_nd_add(Arg x, Arg indices, Arg updates, int batch_axes) {
  return apply(detail::ScatterSum<Tuples>{{{batch_axes}}}, {x, indices, updates});
}

Var index_select(Arg x, int axis, Arg indices) {
  const Shape &s = x.var().shape(), &at = indices.var().shape();
  if (at.rank() != 1) {
    throw ShapeError(fmt::format("index_select: indices {} for {}: a vector is needed",
                                 to_string(at), to_string(s)));
  }
  return take(x, indices, normalize_axis("index_select", axis, s.rank()));
}

bool is_scatter_nd_add(const OpRecord& op) { return &op == &record_of<detail::ScatterSum<Tuples>>; }

std::span<const OpEntry> scatter_ops() {
  using namespace detail;
  return OpList<Gather<AlongAxis>, Put<AlongAxis>, ScatterSum<AlongAxis>, GatherLast<AlongAxis>,
                Gather<Tuples>, Put<Tuples>, ScatterSum<Tuples>, GatherLast<Tuples>>::entries;
}

}  // namespace dtheta
