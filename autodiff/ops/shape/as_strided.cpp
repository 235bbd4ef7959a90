#include "autodiff/ops/shape/as_strided.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"

namespace dtheta {
namespace {

/// Elements of a tensor, addressed by strides.
struct Window {
  Shape shape;
  std::array<Index, max_rank> strides{};
  Index offset = 0;
  friend constexpr bool operator==(const Window&, const Window&) = default;

  /// Calls visit(position in the whole, position in the window) for each element.
  template <class Visit>
  void for_each(Visit visit) const {
    const int last = shape.rank() - 1;
    const Index run = last >= 0 ? shape[last] : 1;
    const Index step = last >= 0 ? strides[static_cast<std::size_t>(last)] : 0;
    for_each_run(shape, strides, [&](Index position, Index moved) {
      for (Index i = 0; i < run; ++i) visit(offset + moved + i * step, position + i);
    });
  }
};

struct StridedSum {
  Window window;
  Shape whole;
  friend constexpr bool operator==(const StridedSum&, const StridedSum&) = default;

  static constexpr OpInfo info{.name = "strided_sum", .analytic = true, .linear = true};
  static constexpr OpRule rule{
      "y = what as_strided hands to its operand: each element added where it was read",
      "dy = strided_sum(dc)"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    return {whole, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    std::fill_n(call.output(), whole.size(), T(0));
    window.for_each([&](Index big, Index small) { call.output()[big] += call.input(0)[small]; });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const;
  static std::vector<Sample<StridedSum>> samples();
};

struct AsStrided {
  Window window;
  friend constexpr bool operator==(const AsStrided&, const AsStrided&) = default;

  static constexpr OpInfo info{.name = "as_strided", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[i, j, ...] = x[offset + i s0 + j s1 + ...]",
                               "dy = as_strided(dx)"};
  [[nodiscard]] ValueType infer(Types in) const { return {window.shape, in[0].kind}; }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::with_elements(call, [&](auto* x, auto* out) {
      window.for_each([&](Index big, Index small) { out[small] = x[big]; });
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    return apply(StridedSum{window, p[0].shape()}, {c});
  }
  static std::vector<Sample<AsStrided>> samples() {
    return {{{{{3, 2}, {1, 1}, 0}}, {real({4})}},
            {{{{2, 2}, {3, 1}, 1}}, {real({2, 3})}},
            {{{{3, 2}, {1, 3}, 0}}, {real({2, 3})}},
            {{{{4}, {-1}, 3}}, {real({4})}},
            {{{{2, 3}, {0, 1}, 0}}, {real({3})}},
            {{{{}, {}, 2}}, {real({4})}},
            {{{{3, 3}, {0, 0}, 0}}, {real({})}},
            {{{{0, 2}, {1, 1}, 0}}, {real({0})}},
            {{{{2}, {2}, 0}}, {real({2, 1, 2})}},
            {{{{1, 3}, {7, 1}, 0}}, {real({3})}},
            {{{{2, 2, 2}, {4, 2, 1}, 0}}, {real({8})}},
            {{{{2}, {1}, 0}}, {given({2}, {1e30, -1e-30})}}};
  }
};

Var StridedSum::vjp(int, const Primal&, Var c) const { return apply(AsStrided{window}, {c}); }

std::vector<Sample<StridedSum>> StridedSum::samples() {
  std::vector<Sample<StridedSum>> list;
  for (const Sample<AsStrided>& s : AsStrided::samples()) {
    list.push_back({{s.op.window, s.inputs[0].shape}, {real(s.op.window.shape)}});
  }
  return list;
}

void require_inside(const Window& w, const Shape& x) {
  if (w.shape.size() == 0) return;
  Index first = w.offset, last = w.offset;
  bool overflow = false;
  for (int i = 0; i < w.shape.rank(); ++i) {
    Index reach = 0;
    overflow |=
        __builtin_mul_overflow(w.shape[i] - 1, w.strides[static_cast<std::size_t>(i)], &reach);
    Index& end = reach < 0 ? first : last;
    overflow |= __builtin_add_overflow(end, reach, &end);
  }
  if (overflow || first < 0 || last >= x.size()) {
    throw ValueError(
        fmt::format("as_strided: {} from offset {} reads elements {} to {} of {}, "
                    "which has {}",
                    to_string(w.shape), w.offset, first, last, to_string(x), x.size()));
  }
}

}  // namespace

Var as_strided(Arg x, const Shape& shape, std::span<const Index> strides, Index offset) {
  if (static_cast<int>(strides.size()) != shape.rank()) {
    throw ShapeError(fmt::format("as_strided: strides ({}) for {} of {}: {} are needed",
                                 fmt::join(strides, ", "), to_string(shape),
                                 to_string(x.var().shape()), shape.rank()));
  }
  Window window{shape, {}, offset};
  std::ranges::copy(strides, window.strides.begin());
  require_inside(window, x.var().shape());
  return apply(AsStrided{window}, {x});
}

Var as_strided(Arg x, const Shape& shape, std::initializer_list<Index> strides, Index offset) {
  return as_strided(x, shape, std::span(strides.begin(), strides.size()), offset);
}

std::span<const OpEntry> as_strided_ops() { return OpList<AsStrided, StridedSum>::entries; }

}  // namespace dtheta
