#include "autodiff/ops/shape/diagonal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "autodiff/errors.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

using detail::with_elements;

void require_matrix(std::string_view op, const Shape& s) {
  if (s.rank() < 2) {
    throw ShapeError(
        fmt::format("{}: {} has {} axes, at least 2 are needed", op, to_string(s), s.rank()));
  }
}

/// The matrices in the last two axes.
struct Matrices {
  Index count, rows, columns;
  explicit Matrices(const Shape& s)
      : count(detail::batch_of(s).size()), rows(s[s.rank() - 2]), columns(s[s.rank() - 1]) {}
};

/// d tril(x) = tril(dx), its own adjoint
template <class Self>
struct Triangle {
  Index k = 0;
  friend constexpr bool operator==(const Triangle&, const Triangle&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    require_matrix(Self::info.name, in[0].shape);
    return in[0];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Matrices m(call.shape(0));
    with_elements(call, [&](auto* x, auto* out) {
      using E = std::remove_pointer_t<decltype(out)>;
      for (Index row = 0; row < m.count * m.rows; ++row, x += m.columns, out += m.columns) {
        const auto [begin, end] = Self::kept(row % m.rows, k, m.columns);
        std::fill_n(out, begin, E(0));
        std::copy(x + begin, x + end, out + begin);
        std::fill_n(out + end, m.columns - end, E(0));
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const {
    return apply(static_cast<const Self&>(*this), {c});
  }
  static std::vector<Sample<Self>> samples() {
    const auto op = [](Index k) {
      Self s;
      s.k = k;
      return s;
    };
    return {{op(0), {real({3, 3})}},    {op(1), {real({3, 3})}},
            {op(-1), {real({3, 3})}},   {op(0), {real({2, 4})}},
            {op(2), {real({2, 4})}},    {op(-2), {real({4, 2})}},
            {op(0), {real({2, 3, 2})}}, {op(9), {real({2, 3})}},
            {op(-9), {real({2, 3})}},   {op(0), {real({1, 1})}},
            {op(0), {real({0, 3})}},    {op(0), {real({3, 0})}},
            {op(1), {real({0, 2, 2})}}, {op(0), {given({2, 2}, {1e30, 1e-30, -1, 3})}}};
  }

 protected:
  using Columns = std::pair<Index, Index>;
  static Index clip(Index column, Index columns) { return std::clamp<Index>(column, 0, columns); }
};

struct Tril : Triangle<Tril> {
  static constexpr OpInfo info{.name = "tril", .analytic = true, .linear = true};
  static constexpr OpRule rule{"Y = X on and below diagonal k, else 0", "dY = tril(dX)"};
  static Columns kept(Index row, Index k, Index columns) { return {0, clip(row + k + 1, columns)}; }
};
struct Triu : Triangle<Triu> {
  static constexpr OpInfo info{.name = "triu", .analytic = true, .linear = true};
  static constexpr OpRule rule{"Y = X on and above diagonal k, else 0", "dY = triu(dX)"};
  static Columns kept(Index row, Index k, Index columns) {
    return {clip(row + k, columns), columns};
  }
};

/// Diagonal k of a matrix: `count` elements from `start`, `columns + 1` apart.
struct Line {
  Index start, count;
  Line(Index k, Index rows, Index columns)
      : start(k >= 0 ? k : -k * columns),
        count(std::max<Index>(
            0, k >= 0 ? std::min(rows, columns - k) : std::min(rows + k, columns))) {}
};

/// The adjoint of diagonal.
struct DiagEmbed {
  Index k = 0;
  Index rows = 0;
  Index columns = 0;
  friend constexpr bool operator==(const DiagEmbed&, const DiagEmbed&) = default;

  static constexpr OpInfo info{.name = "diag_embed", .analytic = true, .linear = true};
  static constexpr OpRule rule{"Y[i, i + k] = x[i], else 0", "dY = diag_embed(dx)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[0].shape;
    const std::array matrix{rows, columns};
    return {detail::replaced(s, s.rank() - 1, 1, matrix), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Line line(k, rows, columns);
    with_elements(call, [&](auto* x, auto* out) {
      std::fill_n(out, call.out_shape().size(), std::remove_pointer_t<decltype(out)>(0));
      if (line.count == 0) return;
      const Index matrices = call.shape(0).size() / line.count;
      for (Index b = 0; b < matrices; ++b, out += rows * columns) {
        for (Index i = 0; i < line.count; ++i) out[line.start + i * (columns + 1)] = *x++;
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal&, Var c) const { return diagonal(c, k); }
  static std::vector<Sample<DiagEmbed>> samples() {
    return {{{0, 3, 3}, {real({3})}},     {{1, 4, 4}, {real({3})}},
            {{-2, 4, 4}, {real({2})}},    {{0, 2, 4}, {real({2})}},
            {{1, 4, 3}, {real({2})}},     {{0, 2, 2}, {real({2, 3, 2})}},
            {{0, 1, 1}, {real({1})}},     {{0, 0, 0}, {real({0})}},
            {{2, 2, 2}, {real({3, 0})}},  {{0, 2, 2}, {real({0, 2})}},
            {{-1, 3, 2}, {real({1, 2})}}, {{0, 2, 2}, {given({2}, {1e30, -1e-30})}}};
  }
};

struct Diagonal {
  Index k = 0;
  friend constexpr bool operator==(const Diagonal&, const Diagonal&) = default;

  static constexpr OpInfo info{.name = "diagonal", .analytic = true, .linear = true};
  static constexpr OpRule rule{"y[i] = X[i, i + k]", "dy = diagonal(dX)"};
  [[nodiscard]] ValueType infer(Types in) const {
    const Shape& s = in[0].shape;
    require_matrix(info.name, s);
    const Matrices m(s);
    const Line line(k, m.rows, m.columns);
    return {detail::replaced(s, s.rank() - 2, 2, std::span(&line.count, 1)), in[0].kind};
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Matrices m(call.shape(0));
    const Line line(k, m.rows, m.columns);
    with_elements(call, [&](auto* x, auto* out) {
      for (Index b = 0; b < m.count; ++b, x += m.rows * m.columns) {
        for (Index i = 0; i < line.count; ++i) *out++ = x[line.start + i * (m.columns + 1)];
      }
    });
  }
  [[nodiscard]] Var vjp(int, const Primal& p, Var c) const {
    const Matrices m(p[0].shape());
    return apply(DiagEmbed{k, m.rows, m.columns}, {c});
  }
  static std::vector<Sample<Diagonal>> samples() {
    return {{{0}, {real({3, 3})}},    {{1}, {real({3, 3})}},
            {{-1}, {real({3, 3})}},   {{0}, {real({2, 4})}},
            {{2}, {real({2, 4})}},    {{3}, {real({2, 4})}},
            {{-2}, {real({4, 2})}},   {{0}, {real({2, 3, 2})}},
            {{1}, {real({2, 1, 3})}}, {{9}, {real({2, 3})}},
            {{0}, {real({1, 1})}},    {{0}, {real({0, 3})}},
            {{0}, {real({0, 2, 2})}}, {{0}, {given({2, 2}, {1e30, 1e-30, -1, 3})}}};
  }
};

/// Both axes from the front, in increasing order; the first result says whether they were swapped.
std::pair<bool, Axes> two_axes(std::string_view op, int a, int b, int rank) {
  const int i = normalize_axis(op, a, rank), j = normalize_axis(op, b, rank);
  if (i == j) {
    throw ShapeError(fmt::format("{}: axes {} and {} of {} are the same", op, a, b, rank));
  }
  return {i > j, Axes{i, j}};
}

}  // namespace

Var tril(Arg x, Index k) {
  Tril op;
  op.k = k;
  return apply(op, {x});
}

Var triu(Arg x, Index k) {
  Triu op;
  op.k = k;
  return apply(op, {x});
}

Var diagonal(Arg x, Index k, int axis1, int axis2) {
  const Shape& s = x.var().shape();
  require_matrix("diagonal", s);
  const auto [swapped, axes] = two_axes("diagonal", axis1, axis2, s.rank());
  if (!swapped && axes[0] == s.rank() - 2) return apply(Diagonal{k}, {x});
  const Var moved = permute(x, detail::to_the_end(s.rank(), axes[0], axes[1]));
  return apply(Diagonal{k}, {Arg(moved, x.at())});
}

Var diag_embed(Arg x, Index k, int axis1, int axis2) {
  const Shape& s = x.var().shape();
  if (s.rank() == 0) throw ShapeError("diag_embed: () has 0 axes, at least 1 is needed");
  const int rank = s.rank() + 1;
  const auto [swapped, axes] = two_axes("diag_embed", axis1, axis2, rank);
  const Index n = s[s.rank() - 1] + std::abs(k);
  const Var result = apply(DiagEmbed{k, n, n}, {x});
  if (!swapped && axes[0] == rank - 2) return result;
  return permute(Arg(result, x.at()), detail::from_the_end(rank, axes[0], axes[1]));
}

Var diag(Arg x, Index k) {
  const Shape& s = x.var().shape();
  if (s.rank() != 1 && s.rank() != 2) {
    throw ShapeError(fmt::format("diag: {} has {} axes, a vector or a matrix is needed",
                                 to_string(s), s.rank()));
  }
  return s.rank() == 1 ? diag_embed(x, k) : diagonal(x, k);
}

Var trace(Arg x, Index k) {
  require_matrix("trace", x.var().shape());
  return sum(Arg(diagonal(x, k), x.at()), -1);
}

std::span<const OpEntry> diagonal_ops() { return OpList<Tril, Triu, Diagonal, DiagEmbed>::entries; }

}  // namespace dtheta
