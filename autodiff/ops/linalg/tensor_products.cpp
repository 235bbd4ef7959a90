#include "autodiff/ops/linalg/tensor_products.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/simd/rows.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

struct Cross {
  int axis = 0;
  friend constexpr bool operator==(const Cross&, const Cross&) = default;

  static constexpr OpInfo info{.name = "cross", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"y = a x b", "dy = da x b + a x db"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape& s = in[0].shape;
    if (s != in[1].shape || s[axis] != 3) {
      throw ShapeError(fmt::format("cross: {} and {}: 3 elements along axis {} are needed",
                                   to_string(s), to_string(in[1].shape), axis));
    }
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const AxisSplit s(call.out_shape(), axis, 1);
    const auto at = [&](const T* v, Index i) { return v[i * s.inner]; };
    for (Index o = 0; o < s.outer; ++o) {
      for (Index j = 0; j < s.inner; ++j) {
        const Index start = o * 3 * s.inner + j;
        const T *a = call.input(0) + start, *b = call.input(1) + start;
        for (Index i = 0; i < 3; ++i) {
          const Index k = (i + 1) % 3, l = (i + 2) % 3;
          call.output()[start + i * s.inner] = at(a, k) * at(b, l) - at(a, l) * at(b, k);
        }
      }
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return i == 0 ? apply(*this, {p[1], c}) : apply(*this, {c, p[0]});
  }
  static std::vector<Sample<Cross>> samples() {
    return {{{0}, {real({3}), real({3})}},
            {{1}, {real({2, 3}), real({2, 3})}},
            {{0}, {real({3, 2}), real({3, 2})}},
            {{1}, {real({2, 3, 2}), real({2, 3, 2})}},
            {{2}, {real({1, 2, 3}), real({1, 2, 3})}},
            {{0}, {real({3, 1}), real({3, 1})}},
            {{1}, {real({0, 3}), real({0, 3})}},
            {{0}, {real({3, 0}), real({3, 0})}},
            {{0}, {real({3, 3}), real({3, 3})}},
            {{1}, {real({3, 3}), real({3, 3})}},
            {{0}, {given({3}, {1, 2, 3}), given({3}, {2, 4, 6})}},  // parallel
            {{0}, {given({3}, {1e30, 2e30, 3e30}), given({3}, {1e-30, 1e-30, 2e-30})}}};
  }
};

struct AddOuter {
  friend constexpr bool operator==(const AddOuter&, const AddOuter&) = default;

  static constexpr OpInfo info{.name = "add_outer", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"Y = B + u v^T", "dY = dB + du v^T + u dv^T"};
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape &base = in[0].shape, &u = in[1].shape, &v = in[2].shape;
    const bool fits = base.rank() == 2 && u.rank() == 2 && v.rank() == 2 && u[0] == v[0] &&
                      u[1] == base[0] && v[1] == base[1];
    if (!fits) {
      throw ShapeError(
          fmt::format("add_outer: {} with {} and {}: (m, n), (K, m), (K, n) are needed",
                      to_string(base), to_string(u), to_string(v)));
    }
    return {Shape{u[0], base[0], base[1]}, Kind::real};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index parts = call.shape(1)[0], m = call.shape(0)[0], n = call.shape(0)[1];
    for (Index k = 0; k < parts; ++k) {
      const T *u = call.input(1) + k * m, *v = call.input(2) + k * n;
      T* out = call.output() + k * m * n;
      if constexpr (Vectorized<T>) {
        simd::add_outer(call.input(0), u, v, static_cast<std::size_t>(m),
                        static_cast<std::size_t>(n), out);
      } else {
        for (Index i = 0; i < m; ++i) {
          for (Index j = 0; j < n; ++j) out[i * n + j] = call.input(0)[i * n + j] + u[i] * v[j];
        }
      }
    }
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    if (i == 0) return sum(c, 0);
    return i == 1 ? sum(c * expand_dims(p[2], 1), 2) : sum(c * expand_dims(p[1], 2), 1);
  }
  static std::vector<Sample<AddOuter>> samples() {
    return {{{}, {real({2, 3}), real({4, 2}), real({4, 3})}},
            {{}, {real({1, 1}), real({1, 1}), real({1, 1})}},
            {{}, {real({3, 1}), real({2, 3}), real({2, 1})}},
            {{}, {real({1, 9}), real({2, 1}), real({2, 9})}},
            {{}, {real({0, 3}), real({2, 0}), real({2, 3})}},
            {{}, {real({2, 0}), real({2, 2}), real({2, 0})}},
            {{}, {real({2, 3}), real({0, 2}), real({0, 3})}},
            {{}, {given({1, 2}, {1, 2}), given({1, 1}, {0}), given({1, 2}, {3, 4})}}};
  }
};

/// The axes of a tensor that are contracted, in order, and those that are left.
struct Parted {
  std::vector<int> contracted;
  std::vector<int> left;
  Index contracted_size = 1;

  Parted(std::string_view op, const Axes& axes, const Shape& s) {
    static_cast<void>(normalize_axes(op, axes, s.rank()));  // none twice
    for (int a : axes) {
      contracted.push_back(normalize_axis(op, a, s.rank()));
      contracted_size *= s[contracted.back()];
    }
    for (int i = 0; i < s.rank(); ++i) {
      if (std::ranges::find(contracted, i) == contracted.end()) left.push_back(i);
    }
  }
  [[nodiscard]] Index left_size(const Shape& s) const {
    Index size = 1;
    for (int i : left) size *= s[i];
    return size;
  }
  void append_left(const Shape& s, std::vector<Index>& dims) const {
    for (int i : left) dims.push_back(s[i]);
  }
};

Var permuted(Arg x, std::vector<int> first, const std::vector<int>& then) {
  first.insert(first.end(), then.begin(), then.end());
  if (std::ranges::is_sorted(first)) return x.var();
  return permute(x, Axes(std::span<const int>(first)));
}

Axes range_of_axes(int first, int count) {
  std::vector<int> axes(static_cast<std::size_t>(count));
  std::iota(axes.begin(), axes.end(), first);
  return Axes(std::span<const int>(axes));
}

}  // namespace

Var tensordot(Arg a, Arg b, Axes axes_a, Axes axes_b) {
  const Shape sa = a.var().shape(), sb = b.var().shape();
  const Parted pa("tensordot", axes_a, sa), pb("tensordot", axes_b, sb);
  bool fits = axes_a.size() == axes_b.size();
  for (std::size_t i = 0; fits && i < pa.contracted.size(); ++i) {
    fits = sa[pa.contracted[i]] == sb[pb.contracted[i]];
  }
  if (!fits) {
    throw ShapeError(fmt::format("tensordot: axes ({}) of {} do not fit axes ({}) of {}",
                                 fmt::join(axes_a, ", "), to_string(sa), fmt::join(axes_b, ", "),
                                 to_string(sb)));
  }
  const Index k = pa.contracted_size;
  const Var left =
      reshape(Arg(permuted(a, pa.left, pa.contracted), a.at()), Shape{pa.left_size(sa), k});
  const Var right =
      reshape(Arg(permuted(b, pb.contracted, pb.left), b.at()), Shape{k, pb.left_size(sb)});
  std::vector<Index> dims;
  pa.append_left(sa, dims);
  pb.append_left(sb, dims);
  return reshape(Arg(matmul(Arg(left, a.at()), right), a.at()), Shape(dims));
}

Var tensordot(Arg a, Arg b, int count) {
  const int ra = a.var().rank(), rb = b.var().rank();
  if (count < 0 || count > ra || count > rb) {
    throw ShapeError(fmt::format("tensordot: {} axes of {} and {} cannot be contracted", count,
                                 to_string(a.var().shape()), to_string(b.var().shape())));
  }
  return tensordot(a, b, range_of_axes(ra - count, count), range_of_axes(0, count));
}

Var kron(Arg a, Arg b) {
  const Shape sa = a.var().shape(), sb = b.var().shape();
  const int rank = std::max(sa.rank(), sb.rank());
  if (2 * rank > max_rank) {
    throw ShapeError(fmt::format("kron: {} and {}: at most {} axes are supported", to_string(sa),
                                 to_string(sb), max_rank / 2));
  }
  const auto dim = [&](const Shape& s, int i) {
    const int missing = rank - s.rank();
    return i < missing ? Index{1} : s[i - missing];
  };
  std::vector<Index> da, db, dims;
  for (int i = 0; i < rank; ++i) {
    const Index m = dim(sa, i), n = dim(sb, i);
    da.insert(da.end(), {m, 1});
    db.insert(db.end(), {1, n});
    dims.push_back(Shape{m, n}.size());
  }
  const Var blocks = mul(Arg(reshape(a, Shape(da)), a.at()), reshape(b, Shape(db)));
  return reshape(Arg(blocks, a.at()), Shape(dims));
}

Var cross(Arg a, Arg b, int axis) {
  const Shape &sa = a.var().shape(), &sb = b.var().shape();
  const Shape s = broadcast("cross", sa, sb);
  const int at = normalize_axis("cross", axis, s.rank());
  const int from_back = s.rank() - at;
  const auto length = [&](const Shape& v) {
    return from_back <= v.rank() ? v[v.rank() - from_back] : Index{1};
  };
  if (length(sa) != 3 || length(sb) != 3) {
    throw ShapeError(fmt::format("cross: {} and {}: 3 elements along axis {} are needed",
                                 to_string(sa), to_string(sb), at));
  }
  return apply(Cross{at}, {Arg(broadcast_to(a, s), a.at()), Arg(broadcast_to(b, s), b.at())});
}

Var add_outer(Arg base, Arg u, Arg v) { return apply(AddOuter{}, {base, u, v}); }

std::span<const OpEntry> tensor_product_ops() { return OpList<Cross, AddOuter>::entries; }

}  // namespace dtheta
