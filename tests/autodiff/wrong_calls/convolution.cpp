#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/unfold.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

const std::vector<WrongCall> calls{
    {"conv",
     {"(2, 3)", "(4, 3)"},
     [](const O& v) {
       conv(v({2, 3}), v({4, 3}));
     }},
    {"conv",
     {"(1, 2, 2, 2, 2, 2)"},
     [](const O& v) {
       conv(v({1, 1, 2}), v({1, 2, 2, 2, 2, 2}));
     }},
    {"conv",
     {"groups", "0"},
     [](const O& v) {
       conv(v({1, 1, 2}), v({1, 1, 2}), {.groups = 0});
     }},
    {"conv1d",
     {"(2, 3, 4, 4)"},
     [](const O& v) {
       conv1d(v({2, 3, 4, 4}), v({4, 3, 3}));
     }},
    {"conv1d",
     {"bias (2)", "(3)"},
     [](const O& v) {
       conv1d(v({1, 1, 4}), v({3, 1, 2}), v({2}));
     }},
    {"conv1d",
     {"(1, 1, 4)", "5 elements"},
     [](const O& v) {
       conv1d(v({1, 1, 4}), v({1, 1, 5}));
     }},
    {"conv2d",
     {"(1, 3, 4, 4)", "(2, 2, 3, 3)", "3 channels"},
     [](const O& v) {
       conv2d(v({1, 3, 4, 4}), v({2, 2, 3, 3}));
     }},
    {"conv2d",
     {"(1, 4, 4, 4)", "(3, 2, 3, 3)", "2 groups"},
     [](const O& v) {
       conv2d(v({1, 4, 4, 4}), v({3, 2, 3, 3}), {.groups = 2});
     }},
    {"conv2d",
     {"stride", "0"},
     [](const O& v) {
       conv2d(v({1, 1, 4, 4}), v({1, 1, 3, 3}), {.stride = {1, 0}});
     }},
    {"conv2d",
     {"padding", "3 values for 2"},
     [](const O& v) {
       conv2d(v({1, 1, 4, 4}), v({1, 1, 3, 3}), {.padding = {1, 1, 1}});
     }},
    {"conv2d",
     {"dilation", "-1"},
     [](const O& v) {
       conv2d(v({1, 1, 4, 4}), v({1, 1, 3, 3}), {.dilation = -1});
     }},
    {"conv2d",
     {"padding"},
     [](const O& v) {
       conv2d(v({1, 1, 4, 4}), v({1, 1, 3, 3}), {.padding = std::numeric_limits<Index>::max()});
     }},
    {"conv1d",
     {"indices", "(1, 1, 4)"},
     [](const O& v) {
       conv1d(v.index({1, 1, 4}), v({1, 1, 2}));
     }},
    {"conv3d",
     {"(1, 1, 4, 4)"},
     [](const O& v) {
       conv3d(v({1, 1, 4, 4}), v({1, 1, 3, 3}));
     }},
    {"conv3d",
     {"(1, 2, 4, 4, 4)", "2 channels"},
     [](const O& v) {
       conv3d(v({1, 2, 4, 4, 4}), v({1, 1, 3, 3, 3}));
     }},
    {"conv3d",
     {"axis 4", "(1, 1, 4, 4, 2)"},
     [](const O& v) {
       conv3d(v({1, 1, 4, 4, 2}), v({1, 1, 3, 3, 3}));
     }},
    {"conv_transpose",
     {"(2, 3)"},
     [](const O& v) {
       conv_transpose(v({2, 3}), v({3, 4}));
     }},
    {"conv_transpose1d",
     {"(1, 3, 4)", "(2, 3, 3)", "3 channels"},
     [](const O& v) {
       conv_transpose1d(v({1, 3, 4}), v({2, 3, 3}));
     }},
    {"conv_transpose1d",
     {"bias (2)", "(6)"},
     [](const O& v) {
       conv_transpose1d(v({1, 2, 4}), v({2, 3, 3}), v({2}), {.groups = 2});
     }},
    {"conv_transpose2d",
     {"output padding 2", "stride 2"},
     [](const O& v) {
       conv_transpose2d(v({1, 1, 4, 4}), v({1, 1, 3, 3}), {.stride = 2, .output_padding = 2});
     }},
    {"conv_transpose2d",
     {"(1, 1, 1, 1)", "-1 elements"},
     [](const O& v) {
       conv_transpose2d(v({1, 1, 1, 1}), v({1, 1, 3, 3}), {.padding = 2});
     }},
    {"conv_transpose3d",
     {"(1, 1, 4, 4)"},
     [](const O& v) {
       conv_transpose3d(v({1, 1, 4, 4}), v({1, 1, 3, 3}));
     }},
    {"unfold",
     {"(3, 4)"},
     [](const O& v) {
       unfold(v({3, 4}), 2);
     }},
    {"unfold",
     {"(1, 1, 3)", "4 elements"},
     [](const O& v) {
       unfold(v({1, 1, 3}), 4);
     }},
    {"unfold",
     {"window size", "0"},
     [](const O& v) {
       unfold(v({1, 1, 3}), 0);
     }},
    {"fold",
     {"(1, 4, 3)", "4 positions"},
     [](const O& v) {
       fold(v({1, 4, 3}), {3, 3}, 2);
     }},
    {"fold",
     {"(1, 3, 4)", "4 taps"},
     [](const O& v) {
       fold(v({1, 3, 4}), {3, 3}, 2);
     }},
    {"fold",
     {"(2, 2, 2, 2)"},
     [](const O& v) {
       fold(v({1, 4, 4}), {2, 2, 2, 2}, 2);
     }},
    {"pixel_shuffle",
     {"(6, 2, 2)", "2^2"},
     [](const O& v) {
       pixel_shuffle(v({6, 2, 2}), 2);
     }},
    {"pixel_shuffle",
     {"(4, 4)"},
     [](const O& v) {
       pixel_shuffle(v({4, 4}), 2);
     }},
    {"pixel_shuffle",
     {"factor", "0"},
     [](const O& v) {
       pixel_shuffle(v({4, 2, 2}), 0);
     }},
    {"pixel_unshuffle",
     {"(1, 3, 2)"},
     [](const O& v) {
       pixel_unshuffle(v({1, 3, 2}), 2);
     }},
    {"pixel_unshuffle",
     {"(4, 4)"},
     [](const O& v) {
       pixel_unshuffle(v({4, 4}), 2);
     }},
    {"pixel_unshuffle",
     {"factor", "-1"},
     [](const O& v) {
       pixel_unshuffle(v({4, 2, 2}), -1);
     }},
    {"PerAxis",
     {"4 values"},
     [](const O& v) {
       unfold(v({1, 1, 3}), {1, 1, 1, 1});
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_convolution_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
