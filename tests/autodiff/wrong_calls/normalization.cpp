#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/spatial/channels.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double infinity = std::numeric_limits<double>::infinity();

const std::vector<WrongCall> calls{
    {"add_channels",
     {"(2, 3)", "(2)"},
     [](const O& v) {
       add_channels(v({2, 3}), v({2}));
     }},
    {"add_channels", {"(3)"}, [](const O& v) { add_channels(v({3}), v({3})); }},
    {"add_channels",
     {"indices"},
     [](const O& v) {
       add_channels(v.index({2, 3}), v({3}));
     }},
    {"scale_channels",
     {"(2, 3)", "(3, 1)"},
     [](const O& v) {
       scale_channels(v({2, 3}), v({3, 1}));
     }},
    {"scale_channels", {"(2)"}, [](const O& v) { scale_channels(v({2}), v({2})); }},
    {"scale_channels",
     {"indices"},
     [](const O& v) {
       scale_channels(v({2, 3}), v.index({3}));
     }},
    {"sum_channels", {"(3)"}, [](const O& v) { sum_channels(v({3})); }},
    {"layer_norm", {"(3)", "2 axes"}, [](const O& v) { layer_norm(v({3}), 2); }},
    {"layer_norm", {"-1"}, [](const O& v) { layer_norm(v({3}), 1, -1.0); }},
    {"layer_norm",
     {"(2, 3)", "(2)"},
     [](const O& v) {
       layer_norm(v({2, 3}), v({2}), v({2}));
     }},
    {"layer_norm",
     {"(3)", "(1)"},
     [](const O& v) {
       layer_norm(v({2, 3}), v({3}), v({1}));
     }},
    {"rms_norm", {"(3)", "0 axes"}, [](const O& v) { rms_norm(v({3}), 0); }},
    {"rms_norm",
     {"(2, 3)", "(2, 2, 3)"},
     [](const O& v) {
       rms_norm(v({2, 3}), v({2, 2, 3}));
     }},
    {"rms_norm", {"nan"}, [](const O& v) { rms_norm(v({3}), 1, nan); }},
    {"batch_norm", {"(3)"}, [](const O& v) { batch_norm(v({3})); }},
    {"batch_norm",
     {"(1, 3)", "one value"},
     [](const O& v) {
       batch_norm(v({1, 3}));
     }},
    {"batch_norm",
     {"(2, 3)", "(2)"},
     [](const O& v) {
       batch_norm(v({2, 3}), v({2}), v({3}));
     }},
    {"batch_norm",
     {"inf"},
     [](const O& v) {
       batch_norm(v({2, 3}), infinity);
     }},
    {"batch_norm_inference",
     {"(2, 3)", "(4)"},
     [](const O& v) {
       batch_norm_inference(v({2, 3}), v({3}), v({3}), v({3}), v({4}));
     }},
    {"batch_norm_inference",
     {"(3)"},
     [](const O& v) { batch_norm_inference(v({3}), v({3}), v({3}), v({3}), v({3})); }},
    {"batch_norm_inference",
     {"epsilon", "-2"},
     [](const O& v) {
       batch_norm_inference(v({2, 3}), v({3}), v({3}), v({3}), v({3}), -2);
     }},
    {"batch_statistics", {"(3)"}, [](const O& v) { batch_statistics(v({3})); }},
    {"group_norm",
     {"(2, 3)", "2 groups"},
     [](const O& v) {
       group_norm(v({2, 3}), 2);
     }},
    {"group_norm",
     {"0 groups"},
     [](const O& v) {
       group_norm(v({2, 3}), 0);
     }},
    {"group_norm",
     {"(2, 4)", "(2)"},
     [](const O& v) {
       group_norm(v({2, 4}), 2, v({2}), v({4}));
     }},
    {"instance_norm",
     {"(2, 3)"},
     [](const O& v) {
       instance_norm(v({2, 3}));
     }},
    {"instance_norm",
     {"(2, 3, 4)", "(4)"},
     [](const O& v) {
       instance_norm(v({2, 3, 4}), v({4}), v({3}));
     }},
    {"instance_norm",
     {"-1"},
     [](const O& v) {
       instance_norm(v({2, 3, 4}), -1.0);
     }},
    {"layer_norm",
     {"indices", "(2, 3)"},
     [](const O& v) {
       layer_norm(v.index({2, 3}));
     }},
    {"rms_norm",
     {"indices", "(2, 3)"},
     [](const O& v) {
       rms_norm(v.index({2, 3}));
     }},
    {"batch_statistics",
     {"indices", "(2, 3)"},
     [](const O& v) {
       batch_statistics(v.index({2, 3}));
     }},
    {"l2_normalize", {"1"}, [](const O& v) { l2_normalize(v({3}), 1); }},
    {"l2_normalize", {"-1"}, [](const O& v) { l2_normalize(v({3}), 0, -1); }},
    {"l2_normalize", {"0"}, [](const O& v) { l2_normalize(v({}), 0); }},
    {"weight_norm",
     {"(2, 3)", "(3)", "(2, 1)"},
     [](const O& v) {
       weight_norm(v({2, 3}), v({3}));
     }},
    {"weight_norm",
     {"(1, 3)"},
     [](const O& v) {
       weight_norm(v({2, 3}), v({2, 1}), 1);
     }},
    {"weight_norm",
     {"2"},
     [](const O& v) {
       weight_norm(v({2, 3}), v({2, 1}), 2);
     }},
    {"local_response_norm", {"(3)"}, [](const O& v) { local_response_norm(v({3}), 2); }},
    {"local_response_norm",
     {"0"},
     [](const O& v) {
       local_response_norm(v({2, 3}), 0);
     }},
    {"local_response_norm",
     {"2 channels"},
     [](const O& v) {
       local_response_norm(v({2, 3}), 2, {.before = 2});
     }},
    {"dropout2d",
     {"(2, 3)"},
     [](const O& v) {
       dropout2d(v({2, 3}), 0.5, {});
     }},
    {"dropout2d",
     {"keep_prob 0"},
     [](const O& v) {
       dropout2d(v({2, 3, 4}), 0, {});
     }},
    {"dropout2d",
     {"keep_prob 1.5"},
     [](const O& v) {
       dropout2d(v({2, 3, 4}), 1.5, {});
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_normalization_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
