#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/einsum.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

Values gemm(const Call& c) {
  const bool transpose_a = c.integer("transA", 0) != 0, transpose_b = c.integer("transB", 0) != 0;
  const double alpha = c.number("alpha", 1), beta = c.number("beta", 1);
  Var y = matmul(c[0], c[1], transpose_a, transpose_b);
  if (alpha != 1) y = alpha * y;
  if (c.has(2)) y = y + (beta == 1 ? c[2] : beta * c[2]);
  return c.like(y);
}

constexpr NamedRule rules[]{
    {"Det", [](const Call& c) { return c.like(det(c[0])); }},
    {"Einsum",
     [](const Call& c) {
       return c.like(einsum(c.text("equation", ""), std::span<const Var>(c.vars())));
     }},
    {"Gemm", gemm},
    {"MatMul", [](const Call& c) { return c.like(matmul(c[0], c[1])); }},
};

}  // namespace

std::span<const NamedRule> matrix_rules() { return rules; }

}  // namespace dtheta::onnx_tests
