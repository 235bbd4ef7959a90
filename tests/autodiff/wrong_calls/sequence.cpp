#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <limits>
#include <vector>

#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/positional.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

const std::vector<WrongCall> calls{
    {"rnn_cell",
     {"w_x"},
     [](const O& v) {
       rnn_cell(v({2, 3}), v({2, 4}), {});
     }},
    {"rnn_cell",
     {"(2, 3)", "(4, 2)"},
     [](const O& v) {
       rnn_cell(v({2, 3}), v({2, 4}), {v({4, 2}), v({4, 4})});
     }},
    {"rnn_cell",
     {"bias (3)", "(4)"},
     [](const O& v) {
       rnn_cell(v({2, 3}), v({2, 4}), {v({4, 3}), v({4, 4}), v({3})});
     }},
    {"gru_cell",
     {"(8, 3)", "3 * hidden"},
     [](const O& v) {
       gru_cell(v({2, 3}), v({2, 4}), {v({8, 3}), v({8, 4})});
     }},
    {"gru_cell",
     {"(3, 4)"},
     [](const O& v) {
       gru_cell(v({2, 3}), v({3, 4}), {v({12, 3}), v({12, 4})});
     }},
    {"gru_cell",
     {"(2, 3, 3)"},
     [](const O& v) {
       gru_cell(v({2, 3, 3}), v({2, 4}), {v({12, 3}), v({12, 4})});
     }},
    {"lstm_cell",
     {"(12, 3)", "4 * hidden"},
     [](const O& v) {
       lstm_cell(v({2, 3}), {v({2, 4}), v({2, 4})}, {v({12, 3}), v({12, 4})});
     }},
    {"lstm_cell",
     {"c (missing)"},
     [](const O& v) {
       lstm_cell(v({2, 3}), {v({2, 4})}, {v({16, 3}), v({16, 4})});
     }},
    {"lstm_cell",
     {"c (2, 3)", "h (2, 4)"},
     [](const O& v) {
       lstm_cell(v({2, 3}), {v({2, 4}), v({2, 3})}, {v({16, 3}), v({16, 4})});
     }},
    {"rnn",
     {"(2, 3)", "time"},
     [](const O& v) {
       rnn(v({2, 3}), v({2, 4}), {v({4, 3}), v({4, 4})});
     }},
    {"rnn",
     {"(0, 2, 3)", "no time step"},
     [](const O& v) {
       rnn(v({0, 2, 3}), v({2, 4}), {v({4, 3}), v({4, 4})});
     }},
    {"rnn",
     {"w_h"},
     [](const O& v) {
       rnn(v({5, 2, 3}), v({2, 4}), {v({4, 3}), {}});
     }},
    {"gru",
     {"(5, 2, 3)", "(12, 2)"},
     [](const O& v) {
       gru(v({5, 2, 3}), v({2, 4}), {v({12, 2}), v({12, 4})});
     }},
    {"gru",
     {"bias (4)", "(12)"},
     [](const O& v) {
       gru(v({5, 2, 3}), v({2, 4}), {v({12, 3}), v({12, 4}), v({12}), v({4})});
     }},
    {"gru",
     {"(0, 2, 3)"},
     [](const O& v) {
       gru(v({0, 2, 3}), v({2, 4}), {v({12, 3}), v({12, 4})});
     }},
    {"lstm",
     {"(0, 2, 3)"},
     [](const O& v) {
       lstm(v({0, 2, 3}), {v({2, 4}), v({2, 4})}, {v({16, 3}), v({16, 4})});
     }},
    {"lstm",
     {"(16, 5)"},
     [](const O& v) {
       lstm(v({5, 2, 3}), {v({2, 4}), v({2, 4})}, {v({16, 3}), v({16, 5})});
     }},
    {"lstm",
     {"c (4)"},
     [](const O& v) {
       lstm(v({5, 2, 3}), {v({2, 4}), v({4})}, {v({16, 3}), v({16, 4})});
     }},
    {"scaled_dot_attention",
     {"(2, 3)", "(4, 5)"},
     [](const O& v) {
       scaled_dot_attention(v({2, 3}), v({4, 5}), v({4, 5}));
     }},
    {"scaled_dot_attention",
     {"v (5, 3)"},
     [](const O& v) {
       scaled_dot_attention(v({2, 3}), v({4, 3}), v({5, 3}));
     }},
    {"scaled_dot_attention",
     {"mask (3, 4)", "(2, 4)"},
     [](const O& v) {
       scaled_dot_attention(v({2, 3}), v({4, 3}), v({4, 3}), {.mask = v({3, 4})});
     }},
    {"scaled_dot_attention",
     {"bias (2, 2, 4)", "(2, 4)"},
     [](const O& v) {
       scaled_dot_attention(v({2, 3}), v({4, 3}), v({4, 3}), {.bias = v({2, 2, 4})});
     }},
    {"multi_head_attention",
     {"(2, 3, 4)", "3 heads"},
     [](const O& v) {
       const Var x = v({2, 3, 4});
       multi_head_attention(x, x, x, {v({12, 4}), v({4, 4})}, 3);
     }},
    {"multi_head_attention",
     {"(2, 3, 4)", "(3, 3, 4)"},
     [](const O& v) {
       multi_head_attention(v({2, 3, 4}), v({3, 3, 4}), v({3, 3, 4}), {v({12, 4}), v({4, 4})}, 2);
     }},
    {"multi_head_attention",
     {"w_out (missing)", "(4, 4)"},
     [](const O& v) {
       const Var x = v({2, 3, 4});
       multi_head_attention(x, x, x, {v({12, 4}), {}}, 2);
     }},
    {"multi_head_attention",
     {"b_in (4)", "(12)"},
     [](const O& v) {
       const Var x = v({2, 3, 4});
       multi_head_attention(x, x, x, {v({12, 4}), v({4, 4}), v({4})}, 2);
     }},
    {"positional_encoding", {"(0, 4)"}, [](const O& v) { positional_encoding(v.tape(), 0, 4); }},
    {"positional_encoding", {"(3, -1)"}, [](const O& v) { positional_encoding(v.tape(), 3, -1); }},
    {"positional_encoding",
     {"base", "0"},
     [](const O& v) { positional_encoding(v.tape(), 3, 4, 0); }},
    {"rope",
     {"(3, 5)"},
     [](const O& v) {
       rope(v({3, 5}));
     }},
    {"rope", {"(4)"}, [](const O& v) { rope(v({4})); }},
    {"rope",
     {"base", "nan"},
     [](const O& v) {
       rope(v({3, 4}), {.base = nan});
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_sequence_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
