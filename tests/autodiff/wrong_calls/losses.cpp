#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_embedding.hpp"
#include "tests/autodiff/values.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

Var labels(const O& v, std::initializer_list<Index> values) {
  return testing::indices(v.tape(), values);
}

const std::vector<WrongCall> calls{
    {"nll",
     {"(3, 2)", "(4)"},
     [](const O& v) {
       nll(v({3, 2}), v.index({4}));
     }},
    {"nll", {"()"}, [](const O& v) { nll(v({}), v.index({})); }},
    {"nll",
     {"(3)"},
     [](const O& v) {
       nll(v({3, 2}), v({3}));
     }},
    {"nll",
     {"(3, 2)"},
     [](const O& v) {
       nll(v.index({3, 2}), v.index({3}));
     }},
    {"nll",
     {"2", "example 1", "2 classes"},
     [](const O& v) {
       nll(v({2, 2}), labels(v, {0, 2}));
     }},
    {"nll",
     {"-1", "example 0"},
     [](const O& v) {
       nll(v({2, 2}), labels(v, {-1, 0}));
     }},
    {"weights_of",
     {"(3, 2)", "(4)"},
     [](const O& v) {
       weights_of(v({3, 2}), v.index({4}));
     }},
    {"weighted_mean", {"(3)", "(2)"}, [](const O& v) { weighted_mean(v({3}), v({2})); }},
    {"smoothed_cross_entropy",
     {"(3, 2)", "(2)"},
     [](const O& v) {
       smoothed_cross_entropy(v({3, 2}), v.index({2}), 0.1);
     }},
    {"smoothed_cross_entropy",
     {"(3, 2)", "(3)"},
     [](const O& v) {
       smoothed_cross_entropy(v({3, 2}), v({3}), 0.1);
     }},
    {"smoothed_cross_entropy",
     {"1.5"},
     [](const O& v) {
       smoothed_cross_entropy(v({3, 2}), v.index({3}), 1.5);
     }},
    {"kl_div", {"(3)", "(2)"}, [](const O& v) { kl_div(v({3}), v({2})); }},
    {"kl_div", {"(3)"}, [](const O& v) { kl_div(v({3}), v.index({3})); }},
    {"kl_div",
     {"(2, 3)"},
     [](const O& v) {
       kl_div(v.index({2, 3}), v({3}));
     }},
    {"hinge", {"(3)", "(2)"}, [](const O& v) { hinge(v({3}), v({2})); }},
    {"hinge", {"(3)"}, [](const O& v) { hinge(v({3}), v.index({3})); }},
    {"hinge",
     {"(4, 1)"},
     [](const O& v) {
       hinge(v.index({4, 1}), v({3}));
     }},
    {"hinge_embedding", {"(3)", "(2)"}, [](const O& v) { hinge_embedding(v({3}), v({2})); }},
    {"hinge_embedding", {"(3)"}, [](const O& v) { hinge_embedding(v({3}), v.index({3})); }},
    {"hinge_embedding",
     {"(2, 2)"},
     [](const O& v) {
       hinge_embedding(v.index({2, 2}), v({2}));
     }},
    {"margin_ranking", {"(3)", "(2)"}, [](const O& v) { margin_ranking(v({3}), v({2}), v({})); }},
    {"margin_ranking", {"(3)", "(4)"}, [](const O& v) { margin_ranking(v({3}), v({}), v({4})); }},
    {"margin_ranking", {"(3)"}, [](const O& v) { margin_ranking(v({3}), v({3}), v.index({3})); }},
    {"cosine_similarity", {"(3)", "(2)"}, [](const O& v) { cosine_similarity(v({3}), v({2})); }},
    {"cosine_similarity", {"()"}, [](const O& v) { cosine_similarity(v({}), v({})); }},
    {"cosine_similarity", {"axis 1"}, [](const O& v) { cosine_similarity(v({3}), v({3}), 1); }},
    {"pairwise_distance", {"(3)", "(2)"}, [](const O& v) { pairwise_distance(v({3}), v({2})); }},
    {"pairwise_distance", {"()"}, [](const O& v) { pairwise_distance(v({}), v({})); }},
    {"pairwise_distance", {"(3)"}, [](const O& v) { pairwise_distance(v({3}), v.index({3})); }},
    {"cosine_embedding", {"(3)", "(2)"}, [](const O& v) { cosine_embedding(v({3}), v({2}), 1); }},
    {"cosine_embedding",
     {"(4)", "(5)"},
     [](const O& v) {
       cosine_embedding(v({4, 2}), v({4, 2}), v({5}));
     }},
    {"cosine_embedding",
     {"(4)"},
     [](const O& v) {
       cosine_embedding(v({4, 2}), v({4, 2}), v.index({4}));
     }},
    {"triplet_margin", {"(3)", "(2)"}, [](const O& v) { triplet_margin(v({3}), v({2}), v({3})); }},
    {"triplet_margin", {"()"}, [](const O& v) { triplet_margin(v({}), v({}), v({})); }},
    {"triplet_margin", {"margin 0"}, [](const O& v) { triplet_margin(v({3}), v({3}), v({3}), 0); }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_loss_calls_suite)

BOOST_DATA_TEST_CASE(the_message_names_the_op_and_the_shapes, boost::unit_test::data::make(calls),
                     call) {
  testing::expect_refusal(call);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
