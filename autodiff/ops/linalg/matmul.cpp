#include "autodiff/ops/linalg/matmul.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/elementwise.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/turned.hpp"

namespace dtheta {
namespace {

using detail::batch_of, detail::require_real, detail::with_matrix;

struct MatMul {
  bool transpose_a = false;
  bool transpose_b = false;
  friend constexpr bool operator==(const MatMul&, const MatMul&) = default;

  static constexpr OpInfo info{.name = "matmul", .arity = 2, .analytic = true, .multilinear = true};
  static constexpr OpRule rule{"Y = A B", "dY = dA B + A dB; A receives c B^T, B receives A^T c"};

  [[nodiscard]] detail::Gemm sizes(const Shape& a, const Shape& b) const {
    const Index a_rows = a[a.rank() - 2], a_cols = a[a.rank() - 1];
    const Index b_rows = b[b.rank() - 2], b_cols = b[b.rank() - 1];
    return {transpose_a ? a_cols : a_rows, transpose_b ? b_rows : b_cols,
            transpose_a ? a_rows : a_cols, transpose_a, transpose_b};
  }

  [[nodiscard]] ValueType infer(Types in) const {
    require_real(info.name, in);
    const Shape &a = in[0].shape, &b = in[1].shape;
    if (a.rank() < 2 || b.rank() < 2) {
      throw ShapeError(
          fmt::format("matmul: {} x {}: both need at least two axes", to_string(a), to_string(b)));
    }
    const detail::Gemm g = sizes(a, b);
    const Index k = transpose_b ? b[b.rank() - 1] : b[b.rank() - 2];
    if (g.k != k) {
      throw ShapeError(fmt::format("matmul: inner dimensions differ: {}{} x {}{}: {} != {}",
                                   to_string(a), transpose_a ? "^T" : "", to_string(b),
                                   transpose_b ? "^T" : "", g.k, k));
    }
    if (a.rank() == 2 && b.rank() == 2) return {Shape{g.m, g.n}, Kind::real};
    return {with_matrix(broadcast(info.name, batch_of(a), batch_of(b)), g.m, g.n), Kind::real};
  }

  template <class T>
  void forward(const Call<T>& call) const {
    const Shape &a = call.shape(0), &b = call.shape(1), &out = call.out_shape();
    const detail::Gemm g = sizes(a, b);
    if (out.rank() == 2) {
      return detail::gemm(g, call.input(0), call.input(1), call.output(), call.parallel);
    }
    const Shape batch = batch_of(out);
    const auto a_steps = batch_steps(batch_of(a), batch, g.m * g.k);
    const auto b_steps = batch_steps(batch_of(b), batch, g.k * g.n);
    const auto products = [&](std::size_t first, std::size_t count) {
      const auto start = static_cast<Index>(first), stop = start + static_cast<Index>(count);
      for (Index i = start; i < stop; ++i) {
        detail::gemm(g, call.input(0) + offset(i, batch, a_steps),
                     call.input(1) + offset(i, batch, b_steps), call.output() + i * g.m * g.n,
                     batch.size() == 1 ? call.parallel : nullptr);
      }
    };
    constexpr Index worth_a_thread = Index{1} << 19;  // multiplications
    const Index at_once = worth_a_thread / std::max<Index>(g.m * g.n * g.k, 1) + 1;
    detail::for_each_run(call.parallel, static_cast<std::size_t>(batch.size()),
                         static_cast<std::size_t>(at_once), products);
  }

  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    return sum_to(matmul_vjp({transpose_a, transpose_b}, i, p[0], p[1], c), p[i].shape());
  }

  /// The leading axis is one more batch axis, once both operands have the same number of them.
  [[nodiscard]] Var batch(const Batch& b) const {
    const std::vector<Var> in = detail::aligned_behind_batch(b);
    return matmul(in[0], in[1], transpose_a, transpose_b);
  }

  static std::vector<Sample<MatMul>> samples() {
    std::vector<Sample<MatMul>> list;
    for (bool ta : {false, true}) {
      for (bool tb : {false, true}) {
        const auto a = [&](Index m, Index k) { return ta ? Shape{k, m} : Shape{m, k}; };
        const auto b = [&](Index k, Index n) { return tb ? Shape{n, k} : Shape{k, n}; };
        list.push_back({{ta, tb}, {real(a(2, 3)), real(b(3, 4))}});
        list.push_back({{ta, tb}, {real(a(1, 3)), real(b(3, 1))}});
        list.push_back({{ta, tb}, {real(a(9, 10)), real(b(10, 8))}});
        list.push_back({{ta, tb}, {real(a(2, 0)), real(b(0, 3))}});
      }
    }
    list.push_back({{}, {real({2, 2, 3}), real({2, 3, 2})}});
    list.push_back({{false, true}, {real({2, 1, 2, 3}), real({3, 4, 3})}});
    list.push_back({{}, {real({2, 3}), real({2, 3, 2})}});
    return list;
  }

 private:
  using Steps = std::array<Index, max_rank>;
  /// Elements to move for one step along each batch axis; 0 where the operand is repeated.
  static Steps batch_steps(const Shape& from, const Shape& batch, Index matrix) {
    const Steps dense = strides_of(from);
    Steps steps{};
    const auto own = steps.begin() + (batch.rank() - from.rank());
    for (int i = 0; i < from.rank(); ++i) {
      if (from[i] != 1) own[i] = dense[static_cast<std::size_t>(i)] * matrix;
    }
    return steps;
  }
  static Index offset(Index i, const Shape& batch, const Steps& steps) {
    Index sum = 0;
    for (int axis = batch.rank(); axis-- > 0;) {
      sum += i % batch[axis] * steps[static_cast<std::size_t>(axis)];
      i /= batch[axis];
    }
    return sum;
  }
};

struct Affine {
  friend constexpr bool operator==(const Affine&, const Affine&) = default;

  static constexpr OpInfo info{.name = "affine", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"Y = X W^T + b", "dY = dX W^T + X dW^T + db"};

  [[nodiscard]] ValueType infer(Types in) const { return affine_type(info.name, in); }

  template <class T>
  void forward(const Call<T>& call) const {
    const Index out = call.shape(1)[0], in = call.shape(1)[1];
    const Index rows = out > 0 ? call.out_shape().size() / out : 0;
    detail::gemm<T>({rows, out, in, false, true}, {.bias = call.input(2)}, call.input(0),
                    call.input(1), call.output(), call.parallel);
  }

  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) { return affine_vjp(i, p, c); }

  [[nodiscard]] static Var jvp(const Primal& p, std::span<const Var> tangents) {
    Var total;
    const auto add = [&](Var term) { total = total.exists() ? total + term : term; };
    if (tangents[0].exists()) add(matmul(as_rows(tangents[0]), p[1], false, true));
    if (tangents[1].exists()) add(matmul(as_rows(p[0]), tangents[1], false, true));
    if (tangents[2].exists()) add(broadcast_to(tangents[2], as_rows(p.out).shape()));
    return reshape(total, p.out.shape());
  }

  /// With one weight matrix for all the leading axis is one more axis of rows.
  [[nodiscard]] static Var batch(const Batch& b) {
    if (!b.is_batched(1) && !b.is_batched(2)) return affine(b[0], b[1], b[2]);
    const Var x = b.is_batched(0) ? b[0] : b.expanded(0);
    const Index of_each = AxisSplit(x.shape(), 1, x.rank() - 2).n;
    const Shape rows{b.size, of_each, x.shape()[x.rank() - 1]};
    const Var product = matmul(reshape(x, rows), b.expanded(1), false, true);
    const Var y = product + expand_dims(b.expanded(2), 1);
    std::vector<Index> dims(x.shape().begin(), x.shape().end());
    dims.back() = y.shape()[2];
    return reshape(y, Shape(dims));
  }

  static std::vector<Sample<Affine>> samples() {
    std::vector<Sample<Affine>> list;
    for (auto& operands : affine_operands()) list.push_back({{}, std::move(operands)});
    return list;
  }
};

}  // namespace

ValueType affine_type(std::string_view op, Types in) {
  require_real(op, in);
  const Shape &x = in[0].shape, &w = in[1].shape, &b = in[2].shape;
  if (x.rank() < 1 || w.rank() != 2 || b.rank() != 1 || x[x.rank() - 1] != w[1] || b[0] != w[0]) {
    throw ShapeError(
        fmt::format("{}: x {}, W {}, b {} do not fit: (..., in), (out, in), (out) are needed", op,
                    to_string(x), to_string(w), to_string(b)));
  }
  // On the stack: recording allocates nothing.
  std::array<Index, max_rank> dims{};
  std::ranges::copy(x, dims.begin());
  dims[static_cast<std::size_t>(x.rank() - 1)] = w[0];
  return {Shape(std::span<const Index>(dims.data(), static_cast<std::size_t>(x.rank()))),
          Kind::real};
}

Var affine_vjp(int i, const Primal& p, Var c) {
  const Var rows = as_rows(c);
  if (i == 0) return reshape(matmul(rows, p[1], false, false), p[0].shape());
  if (i == 1) return matmul(rows, as_rows(p[0]), true, false);
  return sum(rows, 0);
}

std::vector<std::vector<SampleInput>> affine_operands() {
  return {{real({2, 3}), real({4, 3}), real({4})},    {real({3}), real({2, 3}), real({2})},
          {real({2, 3, 2}), real({1, 2}), real({1})}, {real({0, 3}), real({4, 3}), real({4})},
          {real({2, 3}), real({0, 3}), real({0})},    {real({9, 10}), real({8, 10}), real({8})}};
}

Var as_rows(Var v) {
  const Shape& s = v.shape();
  Index rows = 1;
  for (int i = 0; i + 1 < s.rank(); ++i) rows *= s[i];
  return reshape(v, Shape{rows, s[s.rank() - 1]});
}

Var matmul(Arg a, Arg b, bool transpose_a, bool transpose_b) {
  // A transpose is read as it stands; if nobody else needs it a plan leaves it out.
  const auto unturned = [](Arg x, bool& transposed) {
    const Var from = x.is_number() ? Var{} : detail::turned_from(x.var());
    if (from.exists()) transposed = !transposed;
    return from.exists() ? Arg(from, x.at()) : x;
  };
  const Arg left = unturned(a, transpose_a), right = unturned(b, transpose_b);
  return apply(MatMul{transpose_a, transpose_b}, {left, right});
}

Var matmul(Arg a, Arg b) {
  const int ra = a.var().rank(), rb = b.var().rank();
  if (ra == 0 || rb == 0) {
    throw ShapeError(fmt::format("matmul: {} x {}: a scalar has no axis to contract",
                                 to_string(a.var().shape()), to_string(b.var().shape())));
  }
  if (ra > 1 && rb > 1) return matmul(a, b, false, false);
  const Var left = ra == 1 ? expand_dims(a, 0) : a.var();
  const Var right = rb == 1 ? expand_dims(b, 1) : b.var();
  Var product = matmul(Arg(left, a.at()), Arg(right, a.at()), false, false);
  if (rb == 1) product = squeeze(product, -1);
  if (ra == 1) product = squeeze(product, rb == 1 ? -1 : -2);
  return product;
}

Var inner(Arg a, Arg b) {
  if (a.var().rank() != 1 || b.var().shape() != a.var().shape()) {
    throw ShapeError(fmt::format("inner: {} and {}: two vectors of equal length are needed",
                                 to_string(a.var().shape()), to_string(b.var().shape())));
  }
  return matmul(a, b);
}

Var outer(Arg a, Arg b) {
  if (a.var().rank() != 1 || b.var().rank() != 1) {
    throw ShapeError(fmt::format("outer: {} and {}: two vectors are needed",
                                 to_string(a.var().shape()), to_string(b.var().shape())));
  }
  return expand_dims(a, 1) * expand_dims(b, 0);
}

Var affine(Arg x, Arg w, Arg b) { return apply(Affine{}, {x, w, b}); }

Var matmul_vjp(const MatMulForm& form, int i, Var a, Var b, Var c) {
  const auto [ta, tb] = form;
  if (i == 0) return ta ? matmul(b, c, tb, true) : matmul(c, b, false, !tb);
  return tb ? matmul(c, a, true, ta) : matmul(a, c, !ta, false);
}

std::optional<MatMulForm> as_matmul(const OpRecord& op, const void* attributes) {
  if (&op != &record_of<MatMul>) return {};
  const auto& product = *static_cast<const MatMul*>(attributes);
  return MatMulForm{product.transpose_a, product.transpose_b};
}

std::optional<MatMulForm> as_matmul(const Node& node) {
  if (node.op == nullptr) return {};
  return as_matmul(*node.op, node.attributes);
}

bool is_affine(const OpRecord& op) { return &op == &record_of<Affine>; }
bool is_affine(const Node& node) { return node.op != nullptr && is_affine(*node.op); }

std::span<const OpEntry> matmul_ops() { return OpList<MatMul, Affine>::entries; }

}  // namespace dtheta
