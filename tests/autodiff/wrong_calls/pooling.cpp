#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

#include "autodiff/ops/spatial/interpolate.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const std::vector<WrongCall> calls{
    {"max_pool1d", {"(3)"}, [](const O& v) { max_pool1d(v({3}), 2); }},
    {"max_pool1d",
     {"(1, 3)", "4 elements"},
     [](const O& v) {
       max_pool1d(v({1, 3}), 4);
     }},
    {"max_pool1d",
     {"(1, 1)", "only padding"},
     [](const O& v) {
       max_pool1d(v({1, 1}), 2, {.padding = 3, .dilation = 5});
     }},
    {"max_pool2d",
     {"(2, 2)"},
     [](const O& v) {
       max_pool2d(v({2, 2}), 2);
     }},
    {"max_pool2d",
     {"stride", "-2"},
     [](const O& v) {
       max_pool2d(v({1, 4, 4}), 2, {.stride = -2});
     }},
    {"max_pool2d",
     {"window size", "3 values"},
     [](const O& v) {
       max_pool2d(v({1, 4, 4}), {2, 2, 2});
     }},
    {"max_pool3d",
     {"(1, 2, 2)"},
     [](const O& v) {
       max_pool3d(v({1, 2, 2}), 2);
     }},
    {"max_pool1d",
     {"indices", "(1, 4)"},
     [](const O& v) {
       max_pool1d(v.index({1, 4}), 2);
     }},
    {"max_pool1d_indices",
     {"(1, 3)"},
     [](const O& v) {
       max_pool1d_indices(v({1, 3}), 4);
     }},
    {"max_pool2d_indices",
     {"(2, 2)"},
     [](const O& v) {
       max_pool2d_indices(v({2, 2}), 2);
     }},
    {"max_pool3d_indices",
     {"(2, 2)"},
     [](const O& v) {
       max_pool3d_indices(v({2, 2}), 2);
     }},
    {"avg_pool1d", {"(3)"}, [](const O& v) { avg_pool1d(v({3}), 2); }},
    {"avg_pool1d",
     {"divisor", "-1"},
     [](const O& v) {
       avg_pool1d(v({1, 4}), 2, {.divisor = -1});
     }},
    {"avg_pool2d",
     {"(1, 3, 1)"},
     [](const O& v) {
       avg_pool2d(v({1, 3, 1}), 2);
     }},
    {"avg_pool2d",
     {"padding"},
     [](const O& v) {
       avg_pool2d(v({1, 3, 3}), 2, {.padding = -1});
     }},
    {"avg_pool3d",
     {"(1, 3, 3)"},
     [](const O& v) {
       avg_pool3d(v({1, 3, 3}), 2);
     }},
    {"avg_pool1d",
     {"indices", "(1, 4)"},
     [](const O& v) {
       avg_pool1d(v.index({1, 4}), 2);
     }},
    {"lp_pool1d",
     {"p", "0.5"},
     [](const O& v) {
       lp_pool1d(v({1, 4}), 0.5, 2);
     }},
    {"lp_pool2d",
     {"(4, 4)"},
     [](const O& v) {
       lp_pool2d(v({4, 4}), 2, 2);
     }},
    {"lp_pool3d",
     {"nan"},
     [](const O& v) {
       lp_pool3d(v({1, 4, 4, 4}), nan, 2);
     }},
    {"adaptive_max_pool1d",
     {"0"},
     [](const O& v) {
       adaptive_max_pool1d(v({1, 4}), 0);
     }},
    {"adaptive_max_pool2d",
     {"(1, 0, 4)"},
     [](const O& v) {
       adaptive_max_pool2d(v({1, 0, 4}), 2);
     }},
    {"adaptive_max_pool3d",
     {"(1, 4, 4)"},
     [](const O& v) {
       adaptive_max_pool3d(v({1, 4, 4}), 2);
     }},
    {"adaptive_avg_pool1d", {"(4)"}, [](const O& v) { adaptive_avg_pool1d(v({4}), 2); }},
    {"adaptive_avg_pool2d",
     {"3 values for 2"},
     [](const O& v) {
       adaptive_avg_pool2d(v({1, 4, 4}), {1, 2, 3});
     }},
    {"adaptive_avg_pool3d",
     {"(1, 4, 4)"},
     [](const O& v) {
       adaptive_avg_pool3d(v({1, 4, 4}), 2);
     }},
    {"global_avg_pool",
     {"(2, 3)"},
     [](const O& v) {
       global_avg_pool(v({2, 3}));
     }},
    {"global_max_pool",
     {"(2, 3)"},
     [](const O& v) {
       global_max_pool(v({2, 3}));
     }},
    {"take_in_planes",
     {"(2, 3)", "(3, 2)"},
     [](const O& v) {
       take_in_planes(v({2, 3}), v.index({3, 2}), 1);
     }},
    {"take_in_planes",
     {"(2, 2)"},
     [](const O& v) {
       take_in_planes(v({2, 3}), v({2, 2}), 1);
     }},
    {"take_in_planes",
     {"0 elements", "index 0"},
     [](const O& v) {
       take_in_planes(v({2, 0}), v.index({2, 2}), 1);
     }},
    {"take_in_planes",
     {"(2, 3)", "last 3"},
     [](const O& v) {
       take_in_planes(v({2, 3}), v.index({2, 3}), 3);
     }},
    {"add_in_planes",
     {"(2, 3)", "(2, 2)"},
     [](const O& v) {
       add_in_planes(v({2, 3}), v.index({2, 2}), {4});
     }},
    {"add_in_planes",
     {"(2, 3)"},
     [](const O& v) {
       add_in_planes(v({2, 3}), v({2, 3}), {4});
     }},
    {"add_in_planes",
     {"index 0"},
     [](const O& v) {
       add_in_planes(v({2, 3}), v.index({2, 3}), {0});
     }},
    {"interpolate",
     {"(2, 3)"},
     [](const O& v) {
       interpolate(v({2, 3}), 4);
     }},
    {"interpolate",
     {"2 values for 1"},
     [](const O& v) {
       interpolate(v({1, 2, 3}), {4, 4});
     }},
    {"interpolate",
     {"(1, 2, 0)"},
     [](const O& v) {
       interpolate(v({1, 2, 0}), 4);
     }},
    {"upsample",
     {"(2, 3)"},
     [](const O& v) {
       upsample(v({2, 3}), 2);
     }},
    {"upsample",
     {"0"},
     [](const O& v) {
       upsample(v({1, 2, 3}), 0);
     }},
    {"upsample",
     {"scale", "nan"},
     [](const O& v) {
       upsample(v({1, 2, 3}), 2, {.scale = nan});
     }},
    {"resize_axis",
     {"2"},
     [](const O& v) {
       resize_axis(v({2, 3}), 2, 4);
     }},
    {"resize_axis",
     {"(2, 3)", "to 0"},
     [](const O& v) {
       resize_axis(v({2, 3}), 1, 0);
     }},
    {"resize_axis",
     {"indices"},
     [](const O& v) {
       resize_axis(v.index({2, 3}), 1, 4);
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_pooling_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
