// Calls that are refused, by errors that name the function that was called.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <exception>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_regression.hpp"
#include "autodiff/ops/registry.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "derivatives.hpp"

namespace dtheta {
namespace {

using namespace dtheta::testing;

/// What the call says when it is refused, "" if it is not.
template <class Call>
std::string refusal(Call call) {
  try {
    call();
  } catch (const std::exception& e) {
    return e.what();
  }
  return "";
}

struct Fixture {
  Tape tape;
  Var rows = tape.leaf(Tensor(Shape{2, 3}, {.25, .25, .5, .5, .25, .25}));
  Var labels(Index a, Index b) { return tape.leaf(Tensor(Shape{2}, {a, b})); }
};

BOOST_FIXTURE_TEST_SUITE(ops_refusals, Fixture)

BOOST_AUTO_TEST_CASE(labels_that_are_of_no_class) {
  for (const Index wrong : {Index{-1}, Index{3}, Index{-100}}) {
    const Var l = labels(0, wrong);
    BOOST_TEST(refusal([&] { return cross_entropy(rows, l); }).starts_with("cross_entropy: label"));
    BOOST_TEST(refusal([&] {
                 return cross_entropy_with_logits(rows, l);
               }).starts_with("cross_entropy_with_logits: label"));
    BOOST_TEST(refusal([&] {
                 return smoothed_cross_entropy(rows, l, 0.1);
               }).starts_with("smoothed_cross_entropy: label"));
  }
  const Var weights = tape.leaf(vector_of({1, 2, 3}));
  BOOST_TEST(refusal([&] {
               return weights_of(weights, labels(0, 3));
             }).starts_with("weights_of: label 3"));
  const Var table = tape.leaf(Tensor(Shape{4, 2}));
  BOOST_TEST(
      refusal([&] { return embedding(table, labels(0, 4)); }).starts_with("embedding: index 4"));
}

BOOST_AUTO_TEST_CASE(negative_probabilities) {
  const Var p = tape.leaf(vector_of({0.5, -0.5})), log_q = tape.leaf(vector_of({-1, -1}));
  BOOST_TEST(refusal([&] { return kl_div(log_q, p); }) == "kl_div: probability -0.5 is negative");
}

BOOST_AUTO_TEST_CASE(shapes_that_cannot_be) {
  const Var x = tape.leaf(Tensor(Shape{1, 1, 1, 1, 1, 1, 1, 1}));
  BOOST_TEST(refusal([&] { return expand_dims(x, 0); }).starts_with("expand_dims: shape ("));
  BOOST_TEST(refusal([&] {
               return reshape(x, {1, 1, 1, 1, 1, 1, 1, 1, 1});
             }).starts_with("reshape: shape ("));
  BOOST_TEST(refusal([&] { return reshape(x, {-2}); }).starts_with("reshape: shape ("));
}

BOOST_AUTO_TEST_CASE(derivatives_by_indices) {
  const Var x = tape.leaf(vector_of({1, 2})), at = labels(0, 1);
  BOOST_TEST(refusal([&] { return grad(sum(take(x, at)), at); }).starts_with("grad: "));
}

BOOST_AUTO_TEST_CASE(weights_that_are_not_one_for_each_class) {
  const Var longer = tape.leaf(vector_of({1, 2, 3, 4}));
  BOOST_TEST(refusal([&] {
               return nll(rows, labels(0, 1), longer);
             }).starts_with("nll: weights (4) are not one for each class of (2, 3)"));
  BOOST_TEST(refusal([&] {
               return cross_entropy_with_logits(rows, labels(0, 1), longer);
             }).starts_with("cross_entropy_with_logits: weights (4)"));
}

BOOST_AUTO_TEST_CASE(derivatives_by_indices_in_every_mode) {
  const Var x = tape.leaf(vector_of({1, 2})), at = labels(0, 1), y = sum(take(x, at));
  const Var one = tape.constant(1.0), along = tape.leaf(vector_of({1, 1}));
  const std::vector<Var> ys{y}, ones{one}, xs{x, at}, directions{along, along};
  BOOST_TEST(refusal([&] { return vjp(ys, ones, xs); }).starts_with("vjp: value 1 of shape (2)"));
  BOOST_TEST(refusal([&] { return jvp(ys, xs, directions); }).starts_with("jvp: value 1"));
  BOOST_TEST(refusal([&] { return hvp(y, xs, directions); }).starts_with("grad: value 1"));
}

// Every op, with each of its operands in turn a Var that stands for no value.
BOOST_DATA_TEST_CASE(a_value_that_is_not_there, boost::unit_test::data::xrange(all_ops().size()),
                     number) {
  const OpRecord& op = *all_ops()[number];
  const std::vector<SampleCase> samples = op.samples();
  std::vector<Arg> operands;
  for (const SampleInput& in : samples[0].inputs) {
    operands.emplace_back(tape.leaf(materialize(in, 1)));
  }
  const std::string start = std::string(op.info.name) + ": ";
  for (std::size_t i = 0; i < operands.size(); ++i) {
    std::vector<Arg> with_none = operands;
    with_none[i] = Arg(Var{});
    const std::string said = refusal([&] { return apply(op, samples[0].op.get(), with_none); });
    BOOST_TEST(said.starts_with(start), start << "operand " << i << ": '" << said << "'");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace dtheta
