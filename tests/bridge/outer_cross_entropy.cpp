#include "gradcheck/bridge/probes/outer_cross_entropy.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/tensor_products.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {
namespace {

Var draw(Tape& tape, const Shape& shape, std::uint64_t seed) {
  return tape.leaf(materialize(real(shape, {-1, 1}), seed));
}

Var labels_of(Tape& tape, Index rows, Index classes) {
  Tensor labels(Shape{rows}, DType::int64);
  Index next = 0;
  for (Index& l : labels.data<Index>()) l = (next += 5) % classes;
  return tape.leaf(labels);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(outer_cross_entropies)

BOOST_AUTO_TEST_CASE(the_op_passes_its_self_test) {
  // A merged op of a plan: its operands are those of a net, not 1e300.
  OpTolerances tolerances;
  tolerances.edges = false;
  const OpReport report = self_test(outer_cross_entropy_op(), tolerances);
  BOOST_TEST(bool(report), report);
}

BOOST_AUTO_TEST_CASE(it_is_the_loss_of_the_logits_that_it_does_not_write_down) {
  Tape tape;
  const Var base = draw(tape, {40, 10}, 1), u = relu(draw(tape, {6, 40}, 2));
  const Var v = draw(tape, {6, 10}, 3), labels = labels_of(tape, 40, 10);
  const Var fused = outer_cross_entropy(transpose(base), u, v, labels);
  const Var plain =
      cross_entropy_with_logits(add_outer(base, u, v), broadcast_to(labels, Shape{6, 40}));
  BOOST_TEST((fused.value() == plain.value()));
}

BOOST_AUTO_TEST_CASE(probes_of_layers_below_logits_are_answered_by_it_to_the_bit) {
  Tape tape;
  const Var x = draw(tape, {35, 6}, 1), w1 = draw(tape, {8, 6}, 2), b1 = draw(tape, {8}, 3);
  const Var w2 = draw(tape, {5, 8}, 4), b2 = draw(tape, {5}, 5);
  const Var h = relu(affine(x, w1, b1));
  const Var z = affine(h, w2, b2), labels = labels_of(tape, 35, 5);
  // Times one: the logits are no longer known to move by an outer product.
  const Var fused = mean(cross_entropy_with_logits(z, labels));
  const Var general = mean(cross_entropy_with_logits(z * 1.0, labels));
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < 56; ++i) {
    probes.push_back({i, 0.3});
    probes.push_back({i, -0.6});
  }
  std::vector<double> a(probes.size()), b(probes.size());
  const std::vector<Var> leaves{w1, b1};
  const auto all = StackedProbes::Programs::wherever_possible;
  StackedProbes one(fused, leaves, {}, 1, all), other(general, leaves, {}, 1, all);
  BOOST_TEST(one.stacked_leaves() == 2U);
  BOOST_TEST(other.stacked_leaves() == 2U);
  one(probes, a);
  other(probes, b);
  BOOST_TEST(a == b, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(wrong_calls_are_refused) {
  Tape tape;
  const Var base = draw(tape, {3, 4}, 1), u = draw(tape, {2, 4}, 2), v = draw(tape, {2, 3}, 3);
  const Var labels = labels_of(tape, 4, 3);
  BOOST_CHECK_THROW(outer_cross_entropy(base, v, u, labels), std::invalid_argument);
  BOOST_CHECK_THROW(outer_cross_entropy(base, u, v, labels_of(tape, 3, 3)), std::invalid_argument);
  BOOST_CHECK_THROW(outer_cross_entropy(base, u, v, draw(tape, {4}, 4)), std::invalid_argument);
  BOOST_CHECK_THROW(outer_cross_entropy(base, u, v, labels_of(tape, 4, 4)), std::invalid_argument);
  const Var many = draw(tape, {65, 4}, 1), columns = draw(tape, {2, 65}, 3);
  BOOST_CHECK_THROW(outer_cross_entropy(many, u, columns, labels), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
