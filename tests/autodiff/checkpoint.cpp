// Derivatives that compute again what they do not keep: the same bits in less memory.

#include "autodiff/checkpoint.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/op_sample.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace dtheta {
namespace {

namespace bdata = boost::unit_test::data;

Tensor draw(const Shape& shape, std::uint64_t seed) { return materialize(real(shape), seed); }

constexpr int layers = 64;
constexpr Index rows = 32, width = 24;
constexpr Index layer_size = rows * width;

/// x -> tanh(dropout(x W_k)), `layers` times, in `segments` checkpoints; 0: without any.
struct Chain {
  explicit Chain(int segments, DType precision = DType::float64) : tape(precision) {
    for (int k = 0; k < layers; ++k) {
      weights.push_back(tape.leaf(
          materialize(real({width, width}, {-0.4, 0.4}), 10 + static_cast<std::uint64_t>(k))));
    }
    Var h = x;
    const auto layer = [&](Var in, int k) {
      const Var z = matmul(in, weights[static_cast<std::size_t>(k)]);
      return tanh(dropout(z, 0.9, {3, static_cast<std::uint32_t>(k)}));
    };
    const int each = segments == 0 ? layers : layers / segments;
    for (int first = 0; first < layers; first += each) {
      const auto run = [&](Var in) {
        for (int k = first; k < first + each; ++k) in = layer(in, k);
        return in;
      };
      h = segments == 0 ? run(h) : checkpoint(run, h);
    }
    cost = sum(square(h));
    std::vector<Var> xs = weights;
    xs.push_back(x);
    outputs = grad(cost, xs);
    outputs.push_back(cost);
  }

  Tape tape;
  Var x = tape.leaf(draw({rows, width}, 1), "x");
  std::vector<Var> weights, outputs;
  Var cost;
};

/// Elements that a run needs beside weights, their gradients and the cost: layers' values.
double layers_of_memory(const Plan& plan) {
  const Index leaves = layer_size + layers * width * width;
  return static_cast<double>(plan.memory_elements() - 2 * leaves) / layer_size;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checkpoints)

BOOST_DATA_TEST_CASE(the_same_bits, bdata::make({1, 4, 8, 16, 64}), segments) {
  for (const DType precision : {DType::float64, DType::float32}) {
    Chain plain(0, precision), kept(segments, precision);
    BOOST_TEST(kept.outputs.size() == plain.outputs.size());
    Workspace<double> a{Plan(plain.outputs)}, b{Plan(kept.outputs)};
    for (int step = 0; step < 2; ++step) {  // other masks in the second
      for (auto* ws : {&a, &b}) {
        Tape& tape = ws == &a ? plain.tape : kept.tape;
        ws->index_leaf(tape.step_if_used())[0] = step;
        ws->run();
      }
      for (std::size_t k = 0; k < plain.outputs.size(); ++k) {
        BOOST_TEST((a.tensor(plain.outputs[k]) == b.tensor(kept.outputs[k])), "output " << k);
        if (step == 0) BOOST_TEST((plain.outputs[k].value() == kept.outputs[k].value()));
      }
    }
  }
}

/// Without checkpoints every layer's output, its dropped-out product or its mask wait for the
/// backward pass: between one and three values a layer. With √n = 8 segments 8 inputs wait, and the
/// values of 8 layers; what a single layer needs in between is less than 8 more.
BOOST_AUTO_TEST_CASE(memory_falls_to_the_square_root) {
  const double plain = layers_of_memory(Plan(Chain(0).outputs));
  const double root = layers_of_memory(Plan(Chain(8).outputs));
  const double one = layers_of_memory(Plan(Chain(1).outputs));
  BOOST_TEST_MESSAGE("layers' values held: " << plain << " without, " << root
                                             << " with 8 checkpoints, " << one << " with one");
  BOOST_TEST(plain >= 1.0 * layers);
  const double each = plain / layers;  // values of a layer that wait
  BOOST_TEST(root <= 8.0 + 8.0 * each + 8.0);
  BOOST_TEST(3.0 * root <= plain);
  // One segment keeps nothing and then everything: no gain, and no loss but the second copy.
  BOOST_TEST(one >= 0.9 * plain);
}

BOOST_AUTO_TEST_CASE(checkpoints_in_checkpoints) {
  // Three levels of four: 64 layers, 4 + 4 + 4 values wait.
  Chain plain(0);
  Tape tape;
  std::vector<Var> weights;
  for (int k = 0; k < layers; ++k) {
    weights.push_back(tape.leaf(
        materialize(real({width, width}, {-0.4, 0.4}), 10 + static_cast<std::uint64_t>(k))));
  }
  const Var x = tape.leaf(draw({rows, width}, 1));
  const auto layer = [&](Var in, int k) {
    const Var z = matmul(in, weights[static_cast<std::size_t>(k)]);
    return tanh(dropout(z, 0.9, {3, static_cast<std::uint32_t>(k)}));
  };
  Var h = x;
  for (int a = 0; a < layers; a += 16) {
    h = checkpoint(
        [&](Var outer) {
          for (int b = a; b < a + 16; b += 4) {
            outer = checkpoint(
                [&](Var inner) {
                  for (int k = b; k < b + 4; ++k) inner = layer(inner, k);
                  return inner;
                },
                outer);
          }
          return outer;
        },
        h);
  }
  std::vector<Var> xs = weights;
  xs.push_back(x);
  const Var cost = sum(square(h));
  std::vector<Var> outputs = grad(cost, xs);
  outputs.push_back(cost);
  Workspace<double> a{Plan(plain.outputs)}, b{Plan(outputs)};
  a.run();
  b.run();
  for (std::size_t k = 0; k < outputs.size(); ++k) {
    BOOST_TEST((a.tensor(plain.outputs[k]) == b.tensor(outputs[k])), "output " << k);
  }
  const double nested = layers_of_memory(Plan(outputs));
  const double root = layers_of_memory(Plan(Chain(8).outputs));
  BOOST_TEST_MESSAGE("layers' values held by nested ones: " << nested);
  BOOST_TEST(nested <= root);
}

BOOST_AUTO_TEST_CASE(several_inputs_results_and_captured_values) {
  const auto record = [](bool kept, Tape& tape) {
    const Var a = tape.leaf(draw({3, 4}, 1)), b = tape.leaf(draw({4}, 2)),
              c = tape.leaf(draw({3, 4}, 3));
    const Var outside = exp(c);
    const Var labels = tape.leaf(Tensor(Shape{3}, std::initializer_list<Index>{0, 2, 1}));
    const auto f = [&](Var u, Var v) {
      const Var s = sin(u * outside) + v;
      return std::vector{cross_entropy_with_logits(s, labels), square(s), u};
    };
    const std::vector<Var> out = kept ? checkpoint(f, a, b) : f(a, b);
    const Var y = sum(out[0]) + sum(out[1]) * 0.5 + sum(out[2]);
    std::vector<Var> all = grad(y, {a, b, c});
    const std::vector<Var> xs{a, b, c}, v{cos(a), sin(b), c};
    for (const Var h : hvp(y, xs, v)) all.push_back(h);
    const std::vector<Var> ys{y};
    all.push_back(jvp(ys, xs, v)[0]);
    all.push_back(y);
    return all;
  };
  Tape plain_tape, kept_tape;
  const auto plain = record(false, plain_tape), kept = record(true, kept_tape);
  for (std::size_t k = 0; k < plain.size(); ++k) {
    const Tensor a = plain[k].value(), b = kept[k].value();
    // Second derivatives come to an input along two ways, and are added in another order: a few
    // roundings of terms that are below 10.
    const bool second = k >= 3 && k < 6;
    if (!second) BOOST_TEST((a == b), "value " << k);
    for (std::size_t i = 0; second && i < a.data<double>().size(); ++i) {
      BOOST_TEST(std::abs(a.data<double>()[i] - b.data<double>()[i]) <= 32 * 10 * 0x1p-53);
    }
  }
}

/// What nobody differentiates costs nothing: the plan is that without a checkpoint.
BOOST_AUTO_TEST_CASE(a_forward_pass_alone_is_as_before) {
  Chain plain(0), kept(8);
  const Plan a({plain.cost}), b({kept.cost});
  BOOST_TEST(a.op_count() == b.op_count());
  BOOST_TEST(a.memory_elements() == b.memory_elements());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
