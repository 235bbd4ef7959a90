#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "autodiff/ops/reduction/scan.hpp"
#include "autodiff/ops/reduction/statistics.hpp"
#include "tests/autodiff/values.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::infinity;
using testing::nan;
using testing::WrongCall;
using AxisOp = std::function<void(Var, int)>;
using AxesOp = std::function<void(Var, Axes)>;

/// Ops along one axis, to be given axes out of range and indices.
const std::vector<std::pair<std::string, AxisOp>> along_one{
    {"cumsum", [](Var x, int axis) { cumsum(x, axis); }},
    {"cumprod", [](Var x, int axis) { cumprod(x, axis); }},
    {"logcumsumexp", [](Var x, int axis) { logcumsumexp(x, axis); }},
    {"cummax", [](Var x, int axis) { cummax(x, axis); }},
    {"cummin", [](Var x, int axis) { cummin(x, axis); }},
    {"linear_scan", [](Var x, int axis) { linear_scan(x, x, axis); }},
    {"argmax", [](Var x, int axis) { argmax(x, axis); }},
    {"argmin", [](Var x, int axis) { argmin(x, axis); }},
    {"sparsemax", [](Var x, int axis) { sparsemax(x, axis); }},
};

/// Reductions over axes, to be given wrong ones and indices.
const std::vector<std::pair<std::string, AxesOp>> over_axes{
    {"prod", [](Var x, const Axes& axes) { prod(x, axes); }},
    {"count_nonzero", [](Var x, const Axes& axes) { count_nonzero(x, axes); }},
    {"center", [](Var x, const Axes& axes) { center(x, axes); }},
    {"var", [](Var x, const Axes& axes) { var(x, axes); }},
    {"stddev", [](Var x, const Axes& axes) { stddev(x, axes); }},
    {"norm", [](Var x, const Axes& axes) { norm(x, 2, axes); }},
    {"median", [](Var x, const Axes& axes) { median(x, axes); }},
};

const std::vector<WrongCall> calls{
    {"linear_scan",
     {"(2, 3)", "(2, 4)"},
     [](const O& v) {
       linear_scan(v({2, 3}), v({2, 4}), 0);
     }},
    {"norm", {"NaN"}, [](const O& v) { norm(v({2}), nan); }},
    {"norm",
     {"(2, 0)"},
     [](const O& v) {
       norm(v({2, 0}), infinity, 1);
     }},
    {"norm", {"(0)"}, [](const O& v) { norm(v({0}), -1); }},
    {"median",
     {"(0, 3)"},
     [](const O& v) {
       median(v({0, 3}));
     }},
    {"median",
     {"(2, 0)"},
     [](const O& v) {
       median(v({2, 0}), 1);
     }},
    {"argmax",
     {"(2, 0)"},
     [](const O& v) {
       argmax(v({2, 0}));
     }},
    {"argmax",
     {"(2, 0)", "axis 1"},
     [](const O& v) {
       argmax(v({2, 0}), 1);
     }},
    {"argmin",
     {"(0, 2)", "axis 0"},
     [](const O& v) {
       argmin(v({0, 2}), 0);
     }},
    {"argmin",
     {"(2, 3)"},
     [](const O& v) {
       argmin(v.index({2, 3}));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_reduction_calls_suite)

BOOST_AUTO_TEST_CASE(wrong_axes_and_indices_along_an_axis) {
  for (const auto& [name, f] : along_one) {
    const AxisOp& op = f;
    testing::expect_refusal({name, {"axis 2"}, [&](const O& v) { op(v({2, 3}), 2); }});
    testing::expect_refusal({name, {"axis -3"}, [&](const O& v) { op(v({2, 3}), -3); }});
    testing::expect_refusal({name, {"axis 0"}, [&](const O& v) { op(v({}), 0); }});
    testing::expect_refusal({name, {"(2, 3)"}, [&](const O& v) { op(v.index({2, 3}), 0); }});
  }
}

BOOST_AUTO_TEST_CASE(wrong_axes_and_indices_over_axes) {
  for (const auto& [name, f] : over_axes) {
    const AxesOp& op = f;
    testing::expect_refusal({name, {"axis 2"}, [&](const O& v) { op(v({2, 3}), 2); }});
    testing::expect_refusal({name, {"twice"}, [&](const O& v) { op(v({2, 3}), {1, -1}); }});
    testing::expect_refusal({name, {"(2, 3)"}, [&](const O& v) { op(v.index({2, 3}), 0); }});
  }
}

BOOST_DATA_TEST_CASE(other_wrong_calls, boost::unit_test::data::make(calls), call) {
  testing::expect_refusal(call);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
