// A product of matrices, added to something: recorded by hand, or put into a plan where a product
// is a term of a sum (autodiff/plan/absorb.cpp).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/gemm.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/ops/linalg/add_matmul.hpp"
#include "autodiff/ops/linalg/add_matmul_form.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/matmul_form.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/plan_form.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

struct AddMatMul {
  bool transpose_a = false;
  bool transpose_b = false;
  bool subtract = false;
  friend constexpr bool operator==(const AddMatMul&, const AddMatMul&) = default;

  static constexpr OpInfo info{.name = "add_matmul", .arity = 4, .analytic = true};
  static constexpr OpRule rule{
      "Y = X + s A B",
      "dY = dX + ds A B + s (dA B + A dB); A receives s c B^T, B receives s A^T c"};

  [[nodiscard]] detail::Gemm sizes(const Shape& a, const Shape& b) const {
    return {transpose_a ? a[1] : a[0],
            transpose_b ? b[0] : b[1],
            transpose_a ? a[0] : a[1],
            transpose_a,
            transpose_b,
            true};
  }

  [[nodiscard]] ValueType infer(Types in) const {
    detail::require_real(info.name, in);
    const Shape &x = in[0].shape, &a = in[1].shape, &b = in[2].shape, &s = in[3].shape;
    const bool matrices = a.rank() == 2 && b.rank() == 2;
    const detail::Gemm g = matrices ? sizes(a, b) : detail::Gemm{};
    if (matrices && g.k != (transpose_b ? b[1] : b[0])) {
      throw ShapeError(fmt::format("add_matmul: inner dimensions differ: {}{} x {}{}: {} != {}",
                                   to_string(a), transpose_a ? "^T" : "", to_string(b),
                                   transpose_b ? "^T" : "", g.k, transpose_b ? b[1] : b[0]));
    }
    if (!matrices || s.size() != 1 || x != Shape{g.m, g.n}) {
      throw ShapeError(fmt::format(
          "add_matmul: x {}, A {}{}, B {}{} and factor {} do not fit: x must have the shape of the "
          "product of two matrices, and the factor one element",
          to_string(x), to_string(a), transpose_a ? "^T" : "", to_string(b),
          transpose_b ? "^T" : "", to_string(s)));
    }
    return in[0];
  }

  template <class T>
  void forward(const Call<T>& call) const {
    const detail::Gemm g = sizes(call.shape(1), call.shape(2));
    // A plan may have put the result where x is.
    if (call.output() != call.input(0)) std::copy_n(call.input(0), g.m * g.n, call.output());
    const T factor = subtract ? -call.input(3)[0] : call.input(3)[0];
    detail::gemm<T>(g, {.factor = factor}, call.input(1), call.input(2), call.output(),
                    call.parallel);
  }

  [[nodiscard]] Var vjp(int i, const Primal& p, Var c) const {
    if (i == 0) return c;
    const Var a = p[1], b = p[2], s = p[3];
    if (subtract) c = -c;
    if (i == 3) return reshape(sum(c * matmul(a, b, transpose_a, transpose_b)), s.shape());
    return matmul_vjp({transpose_a, transpose_b}, i - 1, a, b, c * s);
  }

  static std::vector<Sample<AddMatMul>> samples() {
    std::vector<Sample<AddMatMul>> list;
    for (int flags = 0; flags < 8; ++flags) {
      const AddMatMul op{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      const Shape a = op.transpose_a ? Shape{4, 2} : Shape{2, 4};
      const Shape b = op.transpose_b ? Shape{3, 4} : Shape{4, 3};
      list.push_back({op, {real({2, 3}), real(a), real(b), real({})}});
    }
    list.push_back({{}, {real({9, 8}), real({9, 10}), real({10, 8}), real({1})}});
    list.push_back({{}, {real({2, 3}), real({2, 0}), real({0, 3}), real({})}});
    list.push_back({{}, {real({0, 3}), real({0, 2}), real({2, 3}), real({})}});
    return list;
  }
};

/// Every form of the op, for plans to point at.
constexpr std::array<AddMatMul, 8> forms = [] {
  std::array<AddMatMul, 8> all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = {(i & 1) != 0, (i & 2) != 0, (i & 4) != 0};
  }
  return all;
}();

}  // namespace

Var add_matmul(Arg x, Arg a, Arg b, Arg factor, bool transpose_a, bool transpose_b) {
  return apply(AddMatMul{transpose_a, transpose_b, false}, {x, a, b, factor});
}

bool is_add_matmul(const OpRecord& op) { return &op == &record_of<AddMatMul>; }

MergedForm add_matmul_form(MatMulForm product, bool subtract) {
  const AddMatMul wanted{product.transpose_a, product.transpose_b, subtract};
  return {&record_of<AddMatMul>, std::ranges::find(forms, wanted)};
}

std::span<const OpEntry> add_matmul_ops() { return OpList<AddMatMul>::entries; }

}  // namespace dtheta
