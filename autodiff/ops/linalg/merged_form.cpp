// Ops that a plan puts in the place of two or three others (autodiff/plan/absorb.cpp), to the same
// bits where the product is small: nobody records them, but they have all that other ops have.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/kernels/reduce.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/activation_form.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/add_matmul_form.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/linalg/merged_form.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/plan_form.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/scatter_form.hpp"

namespace dtheta {
namespace {

struct AffineRelu {
  friend constexpr bool operator==(const AffineRelu&, const AffineRelu&) = default;

  static constexpr OpInfo info{.name = "affine_relu", .arity = 3};
  static constexpr OpRule rule{"Y = max(X W^T + b, 0)",
                               "dY = dX W^T + X dW^T + db where Y > 0, else 0"};

  [[nodiscard]] ValueType infer(Types in) const { return affine_type(info.name, in); }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index out = call.shape(1)[0], in = call.shape(1)[1];
    const Index rows = out > 0 ? call.out_shape().size() / out : 0;
    detail::gemm<T>({rows, out, in, false, true}, {.bias = call.input(2), .rectified = true},
                    call.input(0), call.input(1), call.output(), call.parallel);
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    return affine_vjp(i, p, relu_grad(c, p.out));
  }
  static std::vector<Sample<AffineRelu>> samples() {
    std::vector<Sample<AffineRelu>> list;
    for (auto& operands : affine_operands()) list.push_back({{}, std::move(operands)});
    return list;
  }
};

struct GatedMatMul {
  bool transpose_a = false;
  bool transpose_b = false;
  friend constexpr bool operator==(const GatedMatMul&, const GatedMatMul&) = default;

  static constexpr OpInfo info{.name = "gated_matmul", .arity = 3};
  static constexpr OpRule rule{"Y = A B where g > 0, else 0",
                               "dY = dA B + A dB where g > 0, else 0"};

  [[nodiscard]] detail::Gemm sizes(const Shape& a, const Shape& b) const {
    return {transpose_a ? a[1] : a[0], transpose_b ? b[0] : b[1], transpose_a ? a[0] : a[1],
            transpose_a, transpose_b};
  }
  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape &a = in[0].shape, &b = in[1].shape, &gate = in[2].shape;
    const bool matrices = a.rank() == 2 && b.rank() == 2 && gate.rank() >= 1;
    const detail::Gemm g = matrices ? sizes(a, b) : detail::Gemm{};
    if (!matrices || g.k != (transpose_b ? b[1] : b[0]) || gate[gate.rank() - 1] != g.n ||
        AxisSplit(gate, 0, gate.rank() - 1).n != g.m) {
      throw ShapeError(fmt::format(
          "gated_matmul: A {}{}, B {}{} and gate {} do not fit: matrices of one inner dimension "
          "are needed, and a gate with the rows of their product",
          to_string(a), transpose_a ? "^T" : "", to_string(b), transpose_b ? "^T" : "",
          to_string(gate)));
    }
    return in[2];
  }
  template <class T>
  void forward(const Call<T>& call) const {
    detail::gemm<T>(sizes(call.shape(0), call.shape(1)), {.gate = call.input(2)}, call.input(0),
                    call.input(1), call.output(), call.parallel);
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 2) return {};
    return matmul_vjp({transpose_a, transpose_b}, i, p[0], p[1], as_rows(relu_grad(c, p[2])));
  }
  static std::vector<Sample<GatedMatMul>> samples() {
    std::vector<Sample<GatedMatMul>> list;
    for (int flags = 0; flags < 4; ++flags) {
      const GatedMatMul op{(flags & 1) != 0, (flags & 2) != 0};
      const auto a = [&](Index m, Index k) { return op.transpose_a ? Shape{k, m} : Shape{m, k}; };
      const auto b = [&](Index k, Index n) { return op.transpose_b ? Shape{n, k} : Shape{k, n}; };
      list.push_back({op, {real(a(2, 4)), real(b(4, 3)), real({2, 3})}});
      list.push_back({op, {real(a(9, 10)), real(b(10, 8)), real({9, 8})}});
    }
    list.push_back({{}, {real({6, 2}), real({2, 3}), real({2, 3, 3})}});
    list.push_back({{}, {real({0, 2}), real({2, 3}), real({0, 3})}});
    return list;
  }
};

/// The sum is over the leading axes that x has not.
struct AddSum {
  bool subtract = false;
  friend constexpr bool operator==(const AddSum&, const AddSum&) = default;

  static constexpr OpInfo info{.name = "add_sum", .arity = 3, .analytic = true};
  static constexpr OpRule rule{"y = x + s sum(t)", "dy = dx + ds sum(t) + s sum(dt)"};

  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape &x = in[0].shape, &c = in[1].shape, &s = in[2].shape;
    const bool fits = c.rank() >= x.rank() && std::equal(x.begin(), x.end(), c.end() - x.rank());
    if (!fits || s.size() != 1) {
      throw ShapeError(fmt::format(
          "add_sum: x {}, terms {} and factor {} do not fit: x must have the last axes of the "
          "terms, and the factor one element",
          to_string(x), to_string(c), to_string(s)));
    }
    return in[0];
  }
  [[nodiscard]] std::size_t scratch(Types in) const {
    return 2 * static_cast<std::size_t>(in[0].shape.size());
  }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index inner = call.out_shape().size();
    const Index n = inner > 0 ? call.shape(1).size() / inner : 0;
    const T factor = subtract ? -call.input(2)[0] : call.input(2)[0];
    const T *x = call.input(0), *terms = call.input(1);
    if (inner == 1) {
      call.output()[0] = x[0] + factor * detail::sum_run(terms, n);
    } else if constexpr (Vectorized<T>) {
      const auto length = static_cast<std::size_t>(inner);
      simd::sum_rows(terms, static_cast<std::size_t>(n), length, length, call.output(), x, factor);
    } else {
      T* const total = call.workspace();
      detail::sum_rows(terms, n, inner, inner, total, total + inner);
      for (Index j = 0; j < inner; ++j) call.output()[j] = x[j] + factor * total[j];
    }
  }
  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 0) return c;
    if (subtract) c = -c;
    const Shape &x = p[0].shape(), &terms = p[1].shape();
    if (i == 1) return broadcast_to(c * reshape(p[2], Shape{}), terms);
    return reshape(sum(c * sum_to(p[1], x)), p[2].shape());
  }
  static std::vector<Sample<AddSum>> samples() {
    std::vector<Sample<AddSum>> list;
    for (const bool subtract : {false, true}) {
      list.push_back({{subtract}, {real({3}), real({4, 3}), real({})}});
      list.push_back({{subtract}, {real({2, 3}), real({5, 2, 3}), real({1})}});
    }
    list.push_back({{}, {real({2}), real({2}), real({})}});
    list.push_back({{}, {real({}), real({4}), real({})}});
    list.push_back({{}, {real({17}), real({70, 17}), real({})}});
    list.push_back({{}, {real({3}), real({0, 3}), real({})}});
    list.push_back({{}, {real({0}), real({2, 0}), real({})}});
    return list;
  }
};

/// Every form of the ops, for plans to point at.
constexpr std::array<GatedMatMul, 4> gated_forms{
    {{false, false}, {true, false}, {false, true}, {true, true}}};
constexpr std::array<AddSum, 2> add_sum_forms{{{false}, {true}}};

}  // namespace

bool adds_in_place(const OpRecord& op) {
  return is_add_matmul(op) || &op == &record_of<AddSum> || is_scatter_nd_add(op);
}

MergedForm affine_relu_form() {
  static constexpr AffineRelu op{};
  return {&record_of<AffineRelu>, &op};
}
MergedForm gated_matmul_form(MatMulForm product) {
  return {&record_of<GatedMatMul>,
          std::ranges::find(gated_forms, GatedMatMul{product.transpose_a, product.transpose_b})};
}
MergedForm add_sum_form(bool subtract) {
  return {&record_of<AddSum>, &add_sum_forms[subtract ? 1 : 0]};
}

std::span<const OpEntry> merged_ops() { return OpList<AffineRelu, GatedMatMul, AddSum>::entries; }

}  // namespace dtheta
