// Threads that share the steps of a plan: the same bits for any number of them.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <tuple>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

Tensor labels_of(Index count) {
  const std::vector<Index> labels(static_cast<std::size_t>(count), 5);
  return Tensor(Shape{count}, std::span(labels));
}

/// A training step whose products and elementwise runs are large enough to be cut.
template <class T>
struct Step {
  explicit Step(unsigned threads)
      : ws(Plan({cost}, {.updates = {{w1, w1 - 0.1 * gradient[0]},
                                     {b1, b1 - 0.1 * gradient[1]},
                                     {w2, w2 - 0.1 * gradient[2]}}}),
           threads) {}

  Tape tape{dtype_of<T>};
  Var x = tape.leaf(draw({130, 301}, 1));
  Var w1 = tape.leaf(draw({257, 301}, 2)), b1 = tape.leaf(draw({257}, 3));
  Var w2 = tape.leaf(draw({67, 257}, 4));
  Var labels = tape.leaf(labels_of(130));
  Var hidden = tanh(relu(affine(x, w1, b1)) * 0.1);
  Var cost = mean(cross_entropy_with_logits(matmul(hidden, w2, false, true), labels)) +
             0.01 * sum(square(w1));
  std::vector<Var> gradient = grad(cost, {w1, b1, w2});
  Workspace<T> ws;
};

/// A network whose rows, heads and samples are shared: attention, layer norm, an LSTM.
template <class T>
struct SequenceStep {
  explicit SequenceStep(unsigned threads)
      : ws(Plan({cost, gradient[0], gradient[1], gradient[2], gradient[3]}), threads) {}

  Tape tape{dtype_of<T>};
  Var x = tape.leaf(draw({60, 21, 64}, 1));  // time, samples, width
  Var w_in = tape.leaf(draw({192, 64}, 2)), w_out = tape.leaf(draw({64, 64}, 3));
  Var gain = tape.leaf(draw({64}, 4)), shift = tape.leaf(draw({64}, 5));
  Var w_x = tape.leaf(draw({256, 64}, 6)), w_h = tape.leaf(draw({256, 64}, 7));
  Var b_x = tape.leaf(draw({256}, 8)), b_h = tape.leaf(draw({256}, 9));
  Var zeros = tape.constant(Tensor(Shape{21, 64}));
  Var attended = layer_norm(multi_head_attention(x, x, x, {w_in, w_out}, 4), gain, shift);
  Var cost = sum(square(lstm(attended, {zeros, zeros}, {w_x, w_h, b_x, b_h}).last.h));
  std::vector<Var> gradient = grad(cost, {w_in, gain, w_x, w_h});
  Workspace<T> ws;
};

/// A network whose planes and channels are shared: convolution, batch norm with its running
/// statistics, pooling, dropout; and a batch norm behind a dense layer, whose channels are adjacent.
template <class T>
struct PlaneStep {
  explicit PlaneStep(unsigned threads)
      : ws(Plan({cost, gradient[0], gradient[1], gradient[2], gradient[3]}), threads) {}

  Tape tape{dtype_of<T>};
  Var x = tape.leaf(draw({40, 2, 28, 28}, 1));
  Var w = tape.leaf(draw({6, 2, 3, 3}, 2));
  Var gain = tape.leaf(draw({6}, 3)), shift = tape.leaf(draw({6}, 4));
  Var w_out = tape.leaf(draw({600, 6 * 14 * 14}, 5));
  Var planes = conv2d(x, w, {.padding = 1});
  BatchStatistics seen = batch_statistics(planes);
  Var pooled = max_pool2d(relu(batch_norm(planes, gain, shift)), 2);
  Var kept = dropout(reshape(pooled, Shape{40, 6 * 14 * 14}), 0.7, {1, 2});
  Var out = batch_norm(matmul(kept, w_out, false, true));
  Var cost = sum(square(out) * out) + sum(square(seen.variance)) + sum(seen.mean);
  std::vector<Var> gradient = grad(cost, {w, gain, shift, w_out});
  Workspace<T> ws;
};

template <template <class> class Network, class T>
void check_equal_bits_of() {
  Network<T> reference(1);
  reference.ws.run();
  for (unsigned threads : {2U, 3U, 7U}) {
    Network<T> shared(threads);
    shared.ws.run();
    BOOST_TEST((shared.ws.tensor(shared.cost) == reference.ws.tensor(reference.cost)));
    for (std::size_t i = 0; i < reference.gradient.size(); ++i) {
      BOOST_TEST(
          (shared.ws.tensor(shared.gradient[i]) == reference.ws.tensor(reference.gradient[i])));
    }
  }
}

template <class T>
void check_equal_bits() {
  for (unsigned threads : {2U, 3U, 7U}) {
    Step<T> shared(threads);
    Step<T> reference(1);
    for (int repeat = 0; repeat < 3; ++repeat) {
      shared.ws.run();
      reference.ws.run();
      BOOST_TEST((shared.ws.tensor(shared.cost) == reference.ws.tensor(reference.cost)));
      BOOST_TEST((shared.ws.tensor(shared.w1) == reference.ws.tensor(reference.w1)));
      BOOST_TEST((shared.ws.tensor(shared.b1) == reference.ws.tensor(reference.b1)));
      BOOST_TEST((shared.ws.tensor(shared.w2) == reference.ws.tensor(reference.w2)));
    }
  }
}

using Vectors = std::tuple<float, double>;
using Scalars = std::tuple<float, double, Quad>;

}  // namespace

BOOST_AUTO_TEST_SUITE(plan_threads)

BOOST_AUTO_TEST_CASE(the_number_of_threads_does_not_show_in_the_result) {
  check_equal_bits<float>();
  check_equal_bits<double>();
}

BOOST_AUTO_TEST_CASE(rows_heads_and_samples_are_shared_without_a_trace) {
  check_equal_bits_of<SequenceStep, float>();
  check_equal_bits_of<SequenceStep, double>();
  // These parts are cut where it cannot matter: not even from a run without threads.
  SequenceStep<float> step(1);
  step.ws.run();
  Workspace<float> alone(step.ws.plan());
  alone.run();
  BOOST_TEST((alone.tensor(step.cost) == step.ws.tensor(step.cost)));
}

BOOST_AUTO_TEST_CASE(planes_and_channels_are_shared_without_a_trace) {
  check_equal_bits_of<PlaneStep, float>();
  check_equal_bits_of<PlaneStep, double>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(columns_are_summed_without_a_trace, T, Scalars) {
  Tape tape;
  const Var x = tape.leaf(draw({3, 300, 131}, 1));
  const std::vector<Var> sums{sum(x, 0), sum(x, 1), sum(x, {0, 1})};
  const Plan plan(sums);
  Workspace<T> alone(plan);
  alone.run();
  for (unsigned threads : {1U, 2U, 3U, 7U}) {
    Workspace<T> shared(plan, threads);
    shared.run();
    for (const Var& s : sums) BOOST_TEST((std::ranges::equal(shared[s], alone[s])));
  }
}

/// Products that fit no cache: each thread has a part of the result.
BOOST_AUTO_TEST_CASE_TEMPLATE(large_products_are_shared_without_a_trace, T, Vectors) {
  Tape tape(dtype_of<T>);
  const Var a = tape.leaf(draw({310, 1001}, 1)), b = tape.leaf(draw({1001, 170}, 2));
  const Var a_turned = tape.leaf(draw({1001, 310}, 3)), b_turned = tape.leaf(draw({170, 1001}, 4));
  const std::vector<Var> products{matmul(a, b), matmul(a, b_turned, false, true),
                                  matmul(a_turned, b, true, false),
                                  relu(affine(a, b_turned, tape.leaf(draw({170}, 5))))};
  const Plan plan(products);
  Workspace<T> alone(plan);
  alone.run();
  for (unsigned threads : {1U, 2U, 3U, 4U, 6U}) {
    Workspace<T> shared(plan, threads);
    shared.run();
    for (const Var& p : products) BOOST_TEST((std::ranges::equal(shared[p], alone[p])));
  }
}

BOOST_AUTO_TEST_CASE(runs_cover_everything_once) {
  const Parallel parallel(3);
  for (const std::size_t count : {0U, 1U, 7U, 8U, 9U, 100U}) {
    std::vector<int> done(count, 0);
    detail::for_each_run(&parallel, count, 4, [&](std::size_t first, std::size_t n) {
      for (std::size_t i = first; i < first + n; ++i) ++done[i];
    });
    BOOST_TEST(done == std::vector<int>(count, 1), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(every_part_is_done_once) {
  for (unsigned threads : {1U, 2U, 5U}) {
    const Parallel parallel(threads);
    BOOST_TEST(parallel.threads() == threads);
    for (std::size_t parts : {0U, 1U, 2U, 7U, 1000U}) {
      std::vector<int> done(parts, 0);
      parallel.for_each(parts, [&](std::size_t part) { ++done[part]; });
      BOOST_TEST(done == std::vector<int>(parts, 1), boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(an_exception_reaches_the_caller) {
  for (unsigned threads : {1U, 2U}) {
    const Parallel parallel(threads);
    const auto fail = [](std::size_t part) {
      if (part == 3) throw std::runtime_error("part 3");
    };
    BOOST_CHECK_EXCEPTION(parallel.for_each(10, fail), std::runtime_error,
                          [](const auto& e) { return std::string(e.what()) == "part 3"; });
  }
}

BOOST_AUTO_TEST_CASE(no_threads_are_refused) {
  BOOST_CHECK_THROW(Parallel(0), ValueError);
  Tape tape;
  const Var y = square(tape.leaf(Tensor(2.0)));
  BOOST_CHECK_THROW(Workspace<double>(Plan({y}), 0), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
