#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/elementwise/activation_piecewise.hpp"
#include "autodiff/ops/elementwise/rounding.hpp"
#include "autodiff/ops/elementwise/special_functions.hpp"
#include "autodiff/ops/loss/losses_regression.hpp"
#include "autodiff/ops/network/activation_units.hpp"
#include "tests/autodiff/values.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::nan;
using testing::WrongCall;
using UnaryOp = std::function<void(Var)>;

/// Every elementwise op of one operand, to be given indices of three shapes.
const std::vector<std::pair<std::string, UnaryOp>> unary{
    {"elu", [](Var x) { elu(x); }},
    {"celu", [](Var x) { celu(x); }},
    {"selu", [](Var x) { selu(x); }},
    {"gelu", [](Var x) { gelu(x); }},
    {"gelu_tanh", [](Var x) { gelu_tanh(x); }},
    {"silu", [](Var x) { silu(x); }},
    {"mish", [](Var x) { mish(x); }},
    {"softsign", [](Var x) { softsign(x); }},
    {"hardtanh", [](Var x) { hardtanh(x); }},
    {"relu6", [](Var x) { relu6(x); }},
    {"hardsigmoid", [](Var x) { hardsigmoid(x); }},
    {"hardswish", [](Var x) { hardswish(x); }},
    {"softshrink", [](Var x) { softshrink(x); }},
    {"hardshrink", [](Var x) { hardshrink(x); }},
    {"tanhshrink", [](Var x) { tanhshrink(x); }},
    {"threshold", [](Var x) { threshold(x, 0, 0); }},
    {"erf", [](Var x) { erf(x); }},
    {"erfc", [](Var x) { erfc(x); }},
    {"erfinv", [](Var x) { erfinv(x); }},
    {"lgamma", [](Var x) { lgamma(x); }},
    {"digamma", [](Var x) { digamma(x); }},
    {"polygamma", [](Var x) { polygamma(2, x); }},
    {"sinc", [](Var x) { sinc(x); }},
    {"logit", [](Var x) { logit(x); }},
    {"floor", [](Var x) { floor(x); }},
    {"ceil", [](Var x) { ceil(x); }},
    {"round", [](Var x) { round(x); }},
    {"trunc", [](Var x) { trunc(x); }},
    {"is_nan", [](Var x) { is_nan(x); }},
    {"is_inf", [](Var x) { is_inf(x); }},
    {"is_finite", [](Var x) { is_finite(x); }},
    {"scale_gradient", [](Var x) { scale_gradient(x, 2); }},
    {"log_cosh", [](Var x) { log_cosh(x); }},
};

using BinaryOp = std::function<void(Var, Var)>;

/// Every elementwise op of two operands, to be given indices and shapes that do not broadcast.
const std::vector<std::pair<std::string, BinaryOp>> binary{
    {"prelu", [](Var a, Var b) { prelu(a, b); }},
    {"remainder", [](Var a, Var b) { remainder(a, b); }},
    {"fmod", [](Var a, Var b) { fmod(a, b); }},
    {"squared_error", [](Var a, Var b) { squared_error(a, b); }},
    {"absolute_error", [](Var a, Var b) { absolute_error(a, b); }},
    {"huber", [](Var a, Var b) { huber(a, b); }},
    {"smooth_l1", [](Var a, Var b) { smooth_l1(a, b); }},
    {"gaussian_nll", [](Var a, Var b) { gaussian_nll(a, b, 1); }},
    {"poisson_nll", [](Var a, Var b) { poisson_nll(a, b); }},
};

const std::vector<WrongCall> calls{
    {"prelu",
     {"(2, 3)", "(4)", "4 != 3"},
     [](const O& v) {
       prelu(v({2, 3}), v({4}));
     }},
    {"prelu",
     {"(2, 3)", "(3)", "3 != 2"},
     [](const O& v) {
       prelu(v({2, 3}), v({3}), 0);
     }},
    {"prelu", {"axis 1"}, [](const O& v) { prelu(v({3}), v({3})); }},
    {"celu", {"alpha 0"}, [](const O& v) { celu(v({2}), 0); }},
    {"glu",
     {"(2, 3)", "axis 1"},
     [](const O& v) {
       glu(v({2, 3}));
     }},
    {"glu",
     {"axis 2"},
     [](const O& v) {
       glu(v({2, 4}), 2);
     }},
    {"glu", {"axis -1"}, [](const O& v) { glu(v({})); }},
    {"glu",
     {"(2, 2)"},
     [](const O& v) {
       glu(v.index({2, 4}));
     }},
    {"hardtanh", {"1", "-1"}, [](const O& v) { hardtanh(v({2}), 1, -1); }},
    {"hardtanh", {"nan"}, [](const O& v) { hardtanh(v({2}), nan, 1); }},
    {"softshrink", {"-0.5"}, [](const O& v) { softshrink(v({2}), -0.5); }},
    {"hardshrink", {"nan"}, [](const O& v) { hardshrink(v({2}), nan); }},
    {"polygamma", {"-1"}, [](const O& v) { polygamma(-1, v({2})); }},
    {"polygamma", {"101"}, [](const O& v) { polygamma(101, v({2})); }},
    {"logit", {"0.75"}, [](const O& v) { logit(v({2}), 0.75); }},
    {"huber", {"delta 0"}, [](const O& v) { huber(v({2}), v({2}), 0); }},
    {"huber", {"delta nan"}, [](const O& v) { huber(v({2}), v({2}), nan); }},
    {"smooth_l1", {"beta -1"}, [](const O& v) { smooth_l1(v({2}), v({2}), -1); }},
    {"gaussian_nll", {"eps 0"}, [](const O& v) { gaussian_nll(v({2}), 0, v({2}), 0); }},
    {"gaussian_nll", {"(2)", "(3)"}, [](const O& v) { gaussian_nll(v({2}), 0, v({3})); }},
    {"poisson_nll_of_rate", {"eps -1"}, [](const O& v) { poisson_nll_of_rate(v({2}), 1, -1); }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_elementwise_calls_suite)

BOOST_AUTO_TEST_CASE(indices_are_refused_whatever_their_shape) {
  for (const auto& [name, f] : unary) {
    const UnaryOp& op = f;
    testing::expect_refusal({name, {"(2, 3)"}, [&](const O& v) { op(v.index({2, 3})); }});
    testing::expect_refusal({name, {"()"}, [&](const O& v) { op(v.index({})); }});
    testing::expect_refusal({name, {"(4, 0)"}, [&](const O& v) { op(v.index({4, 0})); }});
  }
}

BOOST_AUTO_TEST_CASE(pairs_that_do_not_fit) {
  for (const auto& [name, f] : binary) {
    const BinaryOp& op = f;
    testing::expect_refusal({name, {"(2, 3)", "(2, 4)"}, [&](const O& v) {
                               op(v({2, 3}), v({2, 4}));
                             }});
    testing::expect_refusal({name, {"(5, 1)"}, [&](const O& v) {
                               op(v.index({5, 1}), v({5, 1}));
                             }});
    testing::expect_refusal({name, {"(1, 7)"}, [&](const O& v) {
                               op(v({5, 1}), v.index({1, 7}));
                             }});
  }
}

BOOST_DATA_TEST_CASE(attributes_and_shapes, boost::unit_test::data::make(calls), call) {
  testing::expect_refusal(call);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
