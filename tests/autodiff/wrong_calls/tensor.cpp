#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

#include "autodiff/ops/shape/as_strided.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/pad.hpp"
#include "autodiff/ops/shape/repeat.hpp"
#include "autodiff/ops/shape/scatter.hpp"
#include "autodiff/ops/shape/sort.hpp"
#include "autodiff/ops/shape/update.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

Var at(const O& v, const Shape& s, std::initializer_list<Index> values) {
  return v.tape().leaf(Tensor(s, values));
}

const std::vector<Index> minus_one{-1}, one_two{1, 2};

const std::vector<WrongCall> calls{
    {"tile",
     {"(2, 3)", "-1"},
     [](const O& v) {
       tile(v({2, 3}), {-1});
     }},
    {"tile",
     {"(4, 2)"},
     [](const O& v) {
       tile(v({4, 2}), {Index{1} << 62, 1});
     }},
    {"tile", {"-2"}, [](const O& v) { tile(v({}), {-2}); }},
    {"repeat_interleave",
     {"(2, 3)", "-1"},
     [](const O& v) {
       repeat_interleave(v({2, 3}), -1, 0);
     }},
    {"repeat_interleave",
     {"2", "2 axes"},
     [](const O& v) {
       repeat_interleave(v({2, 3}), 1, 2);
     }},
    {"repeat_interleave",
     {"(2, 3)", "1, 2"},
     [](const O& v) {
       repeat_interleave(v({2, 3}), one_two, 1);
     }},
    {"repeat_interleave",
     {"(1)", "-1"},
     [](const O& v) { repeat_interleave(v({1}), minus_one, 0); }},
    {"roll", {"axis 1"}, [](const O& v) { roll(v({2}), 1, 1); }},
    {"roll",
     {"axis -3"},
     [](const O& v) {
       roll(v({2, 2}), 1, -3);
     }},
    {"roll", {"0 axes"}, [](const O& v) { roll(v({}), 1, 0); }},
    {"flip",
     {"axis 2"},
     [](const O& v) {
       flip(v({2, 2}), 2);
     }},
    {"flip",
     {"twice"},
     [](const O& v) {
       flip(v({2, 2}), {0, -2});
     }},
    {"flip", {"0 axes"}, [](const O& v) { flip(v({}), 0); }},
    {"stack", {"empty"}, [](const O&) { stack(std::span<const Var>()); }},
    {"stack",
     {"(2)", "(3)"},
     [](const O& v) {
       stack({v({2}), v({3})});
     }},
    {"stack",
     {"(2)"},
     [](const O& v) {
       stack({v({2}), v.index({2})});
     }},
    {"stack", {"axis 3"}, [](const O& v) { stack({v({2})}, 3); }},
    {"split", {"(4)", "0"}, [](const O& v) { split(v({4}), Index{0}); }},
    {"split", {"(4)", "3 != 4"}, [](const O& v) { split(v({4}), one_two); }},
    {"split", {"axis 1"}, [](const O& v) { split(v({4}), Index{2}, 1); }},
    {"chunk", {"(4)", "0"}, [](const O& v) { chunk(v({4}), 0); }},
    {"chunk", {"(4)", "-2"}, [](const O& v) { chunk(v({4}), -2); }},
    {"chunk", {"axis 1"}, [](const O& v) { chunk(v({4}), 2, 1); }},
    {"pad",
     {"(3)", "(3, 0)", "reflect"},
     [](const O& v) {
       pad(v({3}), {{3, 0}}, PadMode::reflect);
     }},
    {"pad",
     {"(3)", "(0, 4)", "circular"},
     [](const O& v) {
       pad(v({3}), {{0, 4}}, PadMode::circular);
     }},
    {"pad",
     {"(0)", "replicate"},
     [](const O& v) {
       pad(v({0}), {{1, 0}}, PadMode::replicate);
     }},
    {"pad",
     {"(3)", "(-2, -2)"},
     [](const O& v) {
       pad(v({3}), {{-2, -2}});
     }},
    {"pad",
     {"(3)", "2 axes"},
     [](const O& v) {
       pad(v({3}), {{1, 1}, {1, 1}});
     }},
    {"tril", {"(3)"}, [](const O& v) { tril(v({3})); }},
    {"tril", {"()"}, [](const O& v) { tril(v({}), 1); }},
    {"tril", {"(0)"}, [](const O& v) { tril(v.index({0})); }},
    {"triu", {"(3)"}, [](const O& v) { triu(v({3})); }},
    {"triu", {"()"}, [](const O& v) { triu(v({}), 1); }},
    {"triu", {"(0)"}, [](const O& v) { triu(v.index({0})); }},
    {"diagonal", {"(3)"}, [](const O& v) { diagonal(v({3})); }},
    {"diagonal",
     {"same"},
     [](const O& v) {
       diagonal(v({3, 3}), 0, 0, -2);
     }},
    {"diagonal",
     {"axis 2"},
     [](const O& v) {
       diagonal(v({3, 3}), 0, 0, 2);
     }},
    {"diag_embed", {"()"}, [](const O& v) { diag_embed(v({})); }},
    {"diag_embed", {"same"}, [](const O& v) { diag_embed(v({3}), 0, 1, -1); }},
    {"diag_embed", {"axis 2"}, [](const O& v) { diag_embed(v({3}), 0, 0, 2); }},
    {"diag", {"()"}, [](const O& v) { diag(v({})); }},
    {"diag",
     {"(1, 2, 3)"},
     [](const O& v) {
       diag(v({1, 2, 3}));
     }},
    {"diag",
     {"(1, 2, 3, 4)"},
     [](const O& v) {
       diag(v({1, 2, 3, 4}), 1);
     }},
    {"trace", {"()"}, [](const O& v) { trace(v({})); }},
    {"trace", {"(3)"}, [](const O& v) { trace(v({3})); }},
    {"trace", {"(0)"}, [](const O& v) { trace(v({0}), 1); }},
    {"as_strided",
     {"(2)", "1, 1"},
     [](const O& v) {
       as_strided(v({4}), Shape{2}, {1, 1});
     }},
    {"as_strided", {"(3)", "(4)"}, [](const O& v) { as_strided(v({4}), Shape{3}, {2}); }},
    {"as_strided", {"(3)", "(4)", "-1"}, [](const O& v) { as_strided(v({4}), Shape{3}, {-1}, 1); }},
    {"as_strided", {"(0)"}, [](const O& v) { as_strided(v({0}), Shape{}, {}); }},
    {"take_along_axis",
     {"(2)", "(2, 2)"},
     [](const O& v) {
       take_along_axis(v({2, 2}), v.index({2}), 0);
     }},
    {"take_along_axis",
     {"(1, 3)", "(2, 2)"},
     [](const O& v) {
       take_along_axis(v({2, 2}), v.index({1, 3}), 0);
     }},
    {"take_along_axis",
     {"index 2", "position 1"},
     [](const O& v) {
       take_along_axis(v({2}), at(v, {2}, {0, 2}), 0);
     }},
    {"take_along_axis", {"(2)", "int64"}, [](const O& v) { take_along_axis(v({2}), v({2}), 0); }},
    {"put_along_axis",
     {"(2)", "(3)"},
     [](const O& v) { put_along_axis(v({4}), v.index({2}), v({3}), 0); }},
    {"put_along_axis",
     {"axis 1"},
     [](const O& v) { put_along_axis(v({4}), v.index({2}), v({2}), 1); }},
    {"put_along_axis",
     {"index -5"},
     [](const O& v) { put_along_axis(v({4}), at(v, {1}, {-5}), v({1}), 0); }},
    {"scatter_add_along_axis",
     {"(2)", "(3)"},
     [](const O& v) { scatter_add_along_axis(v({4}), v.index({2}), v({3}), 0); }},
    {"scatter_add_along_axis",
     {"(4)"},
     [](const O& v) { scatter_add_along_axis(v.index({4}), v.index({2}), v({2}), 0); }},
    {"scatter_add_along_axis",
     {"index 4"},
     [](const O& v) { scatter_add_along_axis(v({4}), at(v, {1}, {4}), v({1}), 0); }},
    {"gather_nd",
     {"(2, 3)", "(2, 2)"},
     [](const O& v) {
       gather_nd(v({2, 2}), v.index({2, 3}));
     }},
    {"gather_nd", {"()", "(2)"}, [](const O& v) { gather_nd(v({2}), v.index({})); }},
    {"gather_nd",
     {"(3, 1)", "(2, 2)", "1 batch"},
     [](const O& v) {
       gather_nd(v({2, 2}), v.index({3, 1}), 1);
     }},
    {"gather_nd",
     {"index 2", "position 1"},
     [](const O& v) {
       gather_nd(v({2, 2}), at(v, {2}, {0, 2}));
     }},
    {"scatter_nd",
     {"(3)", "(4)", "(2, 1)"},
     [](const O& v) {
       scatter_nd(v({4}), v.index({2, 1}), v({3}));
     }},
    {"scatter_nd", {"(2)", "(4)"}, [](const O& v) { scatter_nd(v({4}), v.index({2}), v({})); }},
    {"scatter_nd",
     {"index 4"},
     [](const O& v) {
       scatter_nd(v({4}), at(v, {1, 1}, {4}), v({1}));
     }},
    {"scatter_nd_add",
     {"(3)", "(4)"},
     [](const O& v) {
       scatter_nd_add(v({4}), v.index({2, 1}), v({3}));
     }},
    {"scatter_nd_add",
     {"int64"},
     [](const O& v) {
       scatter_nd_add(v({4}), v({2, 1}), v({2}));
     }},
    {"scatter_nd_add",
     {"-1 batch"},
     [](const O& v) {
       scatter_nd_add(v({4}), v.index({2, 1}), v({2}), -1);
     }},
    {"index_select",
     {"(1, 1)", "(4)"},
     [](const O& v) {
       index_select(v({4}), 0, v.index({1, 1}));
     }},
    {"index_select", {"()"}, [](const O& v) { index_select(v({4}), 0, v.index({})); }},
    {"index_select", {"axis 1"}, [](const O& v) { index_select(v({4}), 1, v.index({1})); }},
    {"sort", {"axis 1"}, [](const O& v) { sort(v({2}), 1); }},
    {"sort", {"0 axes"}, [](const O& v) { sort(v({})); }},
    {"sort", {"(2)"}, [](const O& v) { sort(v.index({2})); }},
    {"argsort", {"axis 1"}, [](const O& v) { argsort(v({2}), 1); }},
    {"argsort", {"0 axes"}, [](const O& v) { argsort(v({})); }},
    {"argsort", {"(2)"}, [](const O& v) { argsort(v.index({2})); }},
    {"topk", {"(2)", "3"}, [](const O& v) { topk(v({2}), 3); }},
    {"topk", {"(2)", "-1"}, [](const O& v) { topk(v({2}), -1); }},
    {"topk", {"(2)"}, [](const O& v) { topk(v.index({2}), 1); }},
    {"topk", {"axis 1"}, [](const O& v) { topk(v({2}), 1, 1); }},
    {"slice_update", {"(4)", "(3)", "2"}, [](const O& v) { slice_update(v({4}), v({3}), {2}); }},
    {"slice_update",
     {"(4)", "(1, 1)"},
     [](const O& v) {
       slice_update(v({4}), v({1, 1}), {0});
     }},
    {"slice_update",
     {"(4)", "0, 0"},
     [](const O& v) {
       slice_update(v({4}), v({1}), {0, 0});
     }},
    {"slice_update",
     {"(4)", "steps of 0"},
     [](const O& v) { slice_update(v({4}), v({1}), {0}, {0}); }},
    {"masked_fill", {"(3)", "(2)"}, [](const O& v) { masked_fill(v({2}), v({3}), 0); }},
    {"masked_fill",
     {"(2, 2)", "(2)"},
     [](const O& v) {
       masked_fill(v({2}), v({2, 2}), 0);
     }},
    {"masked_fill", {"(2)", "()"}, [](const O& v) { masked_fill(v({}), v({2}), 0); }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_tensor_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
