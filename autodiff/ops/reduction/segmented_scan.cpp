#include "autodiff/ops/reduction/segmented_scan.hpp"

#include <fmt/format.h>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/scan_rows.hpp"
#include "autodiff/ops/rule_ops.hpp"

namespace dtheta {
namespace {

using detail::shifted;

/// `link_before` says that a is that of the element before. The adjoint is a scan the other way
/// with the other kind of link, cut at the same ones.
struct SegmentedScan {
  int axis = 0;
  bool reverse = false;
  bool link_before = false;
  friend constexpr bool operator==(const SegmentedScan&, const SegmentedScan&) = default;

  static constexpr OpInfo info{.name = "segmented_scan", .arity = 3};
  static constexpr OpRule rule{
      "h[i] = b[i] + a h[i-1], a = a[i] or a[i-1], 0 where the link is cut",
      "dh[i] = a dh[i-1] + (da h[i-1] + db[i]), cut likewise"};
  [[nodiscard]] static ValueType infer(Types in) {
    detail::require_real(info.name, in);
    if (in[0].shape != in[1].shape || in[0].shape != in[2].shape) {
      throw ShapeError(fmt::format("segmented_scan: {}, {} and cuts {} are not of one shape",
                                   to_string(in[0].shape), to_string(in[1].shape),
                                   to_string(in[2].shape)));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.shape(0), axis, 1);
    const T *a = call.input(0), *b = call.input(1), *cuts = call.input(2);
    T* h = call.output();
    detail::for_each_row(s, reverse, [&](Index row, Index before) {
      const Index link = link_before ? before : row;
      for (Index j = 0; j < s.inner; ++j) {
        const bool passes = before >= 0 && cuts[link + j] == T(0);
        h[row + j] = passes ? b[row + j] + a[link + j] * h[before + j] : b[row + j];
      }
    });
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 2) return {};
    const Var g = apply(SegmentedScan{axis, !reverse, !link_before}, {p[0], c, p[2]});
    if (i == 1) return g;
    const Var due = link_before ? detail::weighted(shifted(g, axis, !reverse, 0), p.out)
                                : detail::weighted(shifted(p.out, axis, reverse, 0), g);
    return where(p[2], 0, due);
  }
  static std::vector<Sample<SegmentedScan>> samples() {
    std::vector<Sample<SegmentedScan>> list;
    for (const bool reverse : {false, true}) {
      for (const bool link_before : {false, true}) {
        const SegmentedScan first{0, reverse, link_before}, second{1, reverse, link_before};
        list.push_back({first, {real({4}), real({4}), fixed({4}, {1, 0, 1, 0})}});
        list.push_back({second,
                        {real({2, 3, 2}), real({2, 3, 2}),
                         fixed({2, 3, 2}, {1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0})}});
        list.push_back({first, {given({3}, {0, 0, 2}), real({3}), fixed({3}, {0, 0, 0})}});
      }
    }
    list.push_back({{1, false, false}, {real({3, 1}), real({3, 1}), fixed({3, 1}, {0, 1, 0})}});
    list.push_back({{1, true, false}, {real({3, 0}), real({3, 0}), real({3, 0})}});
    return list;
  }
};

}  // namespace

namespace detail {

Var segmented_scan(Var a, Var b, Var cuts, int axis) {
  return apply(SegmentedScan{axis, false, false}, {a, b, cuts});
}

}  // namespace detail

std::span<const OpEntry> segmented_scan_ops() { return OpList<SegmentedScan>::entries; }

}  // namespace dtheta
