// Wrong calls of ops that came from PyTorch, and what they say.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <span>
#include <vector>

#include "autodiff/ops/loss/ctc.hpp"
#include "autodiff/ops/loss/distance.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_margin.hpp"
#include "autodiff/ops/network/embedding_bag.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/grid_sample.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

Var ones(const O& v) { return v.tape().leaf(Tensor(Shape{1}, {Index{1}})); }

const std::vector<WrongCall> calls{
    {"ctc_loss",
     {"(4, 2, 3)", "(1, 2)"},
     [](const O& v) {
       static_cast<void>(ctc_loss(v({4, 2, 3}), v.index({1, 2}), v.index({2}), v.index({2})));
     }},
    {"ctc_loss",
     {"blank 3", "3 classes"},
     [](const O& v) {
       static_cast<void>(
           ctc_loss(v({4, 2, 3}), v.index({2, 2}), v.index({2}), v.index({2}), {.blank = 3}));
     }},
    {"ctc_loss",
     {"input length 0", "example 0", "between 1 and 4"},
     [](const O& v) {
       static_cast<void>(ctc_loss(v({4, 2, 3}), v.index({2, 2}), v.index({2}), v.index({2})));
     }},
    {"ctc_loss",
     {"label 0", "the blank 0"},
     [](const O& v) {
       static_cast<void>(ctc_loss(v({4, 1, 3}), v.index({1, 2}), ones(v), ones(v)));
     }},
    {"ctc_loss",
     {"target length 2", "between 0 and 1"},
     [](const O& v) {
       static_cast<void>(ctc_loss(v({4, 1, 3}), v.index({1, 1}), ones(v),
                                  v.tape().leaf(Tensor(Shape{1}, {Index{2}}))));
     }},
    {"nll",
     {"weights (4)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(nll(v({2, 3}), v.index({2}), v({4})));
     }},
    {"cross_entropy_with_logits",
     {"weights (4)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(cross_entropy_with_logits(v({2, 3}), v.index({2}), v({4})));
     }},
    {"cross_entropy_with_logits",
     {"label 7", "3 classes"},
     [](const O& v) {
       static_cast<void>(cross_entropy_with_logits(
           v({1, 3}), v.tape().leaf(Tensor(Shape{1}, {Index{7}})), ignored_label));
     }},
    {"cross_entropy_with_logits",
     {"hold real values"},
     [](const O& v) {
       static_cast<void>(cross_entropy_with_logits(v({2, 3}), v({2}), ignored_label));
     }},
    {"binary_cross_entropy_with_logits",
     {"(2)", "(3)"},
     [](const O& v) { static_cast<void>(binary_cross_entropy_with_logits(v({2}), v({3}), 1)); }},
    {"kl_div_of_logs",
     {"(2)", "(3)"},
     [](const O& v) { static_cast<void>(kl_div_of_logs(v({2}), v({3}))); }},
    {"kl_div_of_logs",
     {"holds indices"},
     [](const O& v) { static_cast<void>(kl_div_of_logs(v({2}), v.index({2}))); }},
    {"same_padding",
     {"stride 2"},
     [](const O& v) {
       static_cast<void>(same_padding(v({1, 1, 3}), {.stride = 2}));
     }},
    {"same_padding",
     {"(3, 3)"},
     [](const O& v) {
       static_cast<void>(same_padding(v({3, 3})));
     }},
    {"same_padding",
     {"dilation", "0"},
     [](const O& v) {
       static_cast<void>(same_padding(v({1, 1, 3}), {.dilation = 0}));
     }},
    {"adaptive_max_pool2d_indices",
     {"(4, 4)"},
     [](const O& v) {
       static_cast<void>(adaptive_max_pool2d_indices(v({4, 4}), 2));
     }},
    {"adaptive_max_pool1d_indices",
     {"(1, 1, 4, 4)"},
     [](const O& v) {
       static_cast<void>(adaptive_max_pool1d_indices(v({1, 1, 4, 4}), 2));
     }},
    {"adaptive_max_pool3d_indices",
     {"0"},
     [](const O& v) {
       static_cast<void>(adaptive_max_pool3d_indices(v({1, 1, 4, 4, 4}), 0));
     }},
    {"cdist",
     {"(2, 3)", "(2, 4)"},
     [](const O& v) {
       static_cast<void>(cdist(v({2, 3}), v({2, 4})));
     }},
    {"cdist",
     {"p = -1"},
     [](const O& v) {
       static_cast<void>(cdist(v({2, 3}), v({2, 3}), -1));
     }},
    {"cdist",
     {"(2)", "(3)"},
     [](const O& v) {
       static_cast<void>(cdist(v({2, 2, 3}), v({3, 2, 3})));
     }},
    {"pdist", {"(3)"}, [](const O& v) { static_cast<void>(pdist(v({3}))); }},
    {"pdist",
     {"p = -2"},
     [](const O& v) {
       static_cast<void>(pdist(v({3, 2}), -2));
     }},
    {"pdist",
     {"holds indices"},
     [](const O& v) {
       static_cast<void>(pdist(v.index({3, 2})));
     }},
    {"multi_margin",
     {"p = 3"},
     [](const O& v) {
       static_cast<void>(multi_margin(v({2, 3}), v.index({2}), 3));
     }},
    {"multi_margin",
     {"(4)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(multi_margin(v({2, 3}), v.index({2}), v({4})));
     }},
    {"multi_margin",
     {"(3)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(multi_margin(v({2, 3}), v.index({3})));
     }},
    {"multilabel_margin",
     {"(2)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(multilabel_margin(v({2, 3}), v.index({2})));
     }},
    {"multilabel_margin",
     {"hold real values"},
     [](const O& v) { static_cast<void>(multilabel_margin(v({3}), v({3}))); }},
    {"multilabel_margin",
     {"label 3", "3 classes"},
     [](const O& v) {
       static_cast<void>(multilabel_margin(
           v({1, 3}), v.tape().leaf(Tensor(Shape{1, 3}, {Index{3}, Index{-1}, Index{0}}))));
     }},
    {"multilabel_soft_margin",
     {"(3)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(multilabel_soft_margin(v({2, 3}), v({3})));
     }},
    {"multilabel_soft_margin",
     {"()"},
     [](const O& v) { static_cast<void>(multilabel_soft_margin(v({}), v({}))); }},
    {"multilabel_soft_margin",
     {"(2)", "(2, 3)"},
     [](const O& v) {
       static_cast<void>(multilabel_soft_margin(v({2, 3}), v({2, 3}), v({2})));
     }},
    {"soft_margin",
     {"(2)", "(3)"},
     [](const O& v) { static_cast<void>(soft_margin(v({2}), v({3}))); }},
    {"soft_margin",
     {"holds indices"},
     [](const O& v) { static_cast<void>(soft_margin(v.index({2}), v({2}))); }},
    {"soft_margin",
     {"holds indices"},
     [](const O& v) { static_cast<void>(soft_margin(v({2}), v.index({2}))); }},
    {"grid_sample",
     {"(1, 1, 2)", "(1, 2, 2)"},
     [](const O& v) {
       static_cast<void>(grid_sample(v({1, 1, 2}), v({1, 2, 2})));
     }},
    {"grid_sample",
     {"(2, 1, 2, 2)", "(1, 3, 3, 2)"},
     [](const O& v) {
       static_cast<void>(grid_sample(v({2, 1, 2, 2}), v({1, 3, 3, 2})));
     }},
    {"grid_sample",
     {"(1, 3, 3, 3)"},
     [](const O& v) {
       static_cast<void>(grid_sample(v({1, 1, 2, 2}), v({1, 3, 3, 3})));
     }},
    {"grid_sample",
     {"holds indices"},
     [](const O& v) {
       static_cast<void>(grid_sample(v({1, 1, 2, 2}), v.index({1, 3, 3, 2})));
     }},
    {"affine_grid",
     {"(2, 2, 2)"},
     [](const O& v) {
       static_cast<void>(affine_grid(v({2, 2, 2}), 3, 3));
     }},
    {"affine_grid",
     {"0 x 3"},
     [](const O& v) {
       static_cast<void>(affine_grid(v({2, 2, 3}), 0, 3));
     }},
    {"affine_grid",
     {"(2, 3)"},
     [](const O& v) {
       static_cast<void>(affine_grid(v({2, 3}), 3, 3));
     }},
    {"embedding_bag",
     {"(5, 3)", "(2)"},
     [](const O& v) {
       static_cast<void>(embedding_bag(v({5, 3}), v.index({2})));
     }},
    {"embedding_bag",
     {"(5)"},
     [](const O& v) {
       static_cast<void>(embedding_bag(v({5}), v.index({2, 2})));
     }},
    {"embedding_bag",
     {"bag 0", "from 1"},
     [](const O& v) {
       static_cast<void>(embedding_bag(v({5, 3}), v.index({4}), ones(v)));
     }},
    {"embedding_bag",
     {"offsets (2, 2)"},
     [](const O& v) {
       static_cast<void>(embedding_bag(v({5, 3}), v.index({4}), v.index({2, 2})));
     }},
    {"weighted_embedding_bag",
     {"(3)", "(2, 2)"},
     [](const O& v) {
       static_cast<void>(weighted_embedding_bag(v({5, 3}), v.index({2, 2}), v({3})));
     }},
    {"weighted_embedding_bag",
     {"(5)"},
     [](const O& v) {
       static_cast<void>(weighted_embedding_bag(v({5}), v.index({2, 2}), v({2, 2})));
     }},
    {"weighted_embedding_bag",
     {"offsets (0)"},
     [](const O& v) {
       static_cast<void>(weighted_embedding_bag(v({5, 2}), v.index({2}), v.index({0}), v({2})));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_pytorch_network)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
