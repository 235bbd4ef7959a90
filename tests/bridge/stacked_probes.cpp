#include "gradcheck/bridge/probes/stacked_probes.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/exp_log.hpp"
#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/network/recurrent.hpp"
#include "autodiff/ops/reduction/order_statistics.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::gradcheck {
namespace {

/// A recorded cost and its parameters.
struct Recorded {
  Var cost;
  std::vector<Var> leaves;
};

Var draw(Tape& tape, const Shape& shape, std::uint64_t seed) {
  return tape.leaf(materialize(real(shape, {-1, 1}), seed));
}

/// Examples in rows: affine layers, dropout, softmax cross-entropy, L2.
Recorded rows_net(Tape& tape) {
  const Var x = draw(tape, {5, 9}, 1);
  const Var w1 = draw(tape, {8, 9}, 2), b1 = draw(tape, {64}, 3);
  const Var w2 = draw(tape, {10, 8}, 4), b2 = draw(tape, {10}, 5);
  const Var w3 = draw(tape, {7, 10}, 6), b3 = draw(tape, {7}, 7);
  const Var labels = tape.leaf(Tensor(Shape{5}, std::initializer_list<Index>{0, 6, 2, 3, 3}));
  const Var h1 = dropout(tanh(affine(x, w1, slice(b1, 0, {0, 8}))), 0.7, {1, 1});
  const Var h2 = relu(affine(h1, w2, b2)) * 1.5;
  const Var z = affine(h2, w3, b3);
  const Var cost = mean(cross_entropy_with_logits(z, labels)) +
                   0.05 * (sum(square(w1)) + sum(abs(w2))) + 0.01 * sum(exp(w3));
  return {cost, {w1, b1, w2, b2, w3, b3}};
}

/// Examples in columns: W A + b, binary cross-entropy of probabilities.
Recorded columns_net(Tape& tape) {
  const Var x = draw(tape, {9, 6}, 1), y = tape.leaf(materialize(real({1, 6}, {0, 1}), 9));
  const Var w1 = draw(tape, {8, 9}, 2), b1 = draw(tape, {8, 1}, 3);
  const Var w2 = draw(tape, {9, 8}, 4), b2 = draw(tape, {9, 1}, 5);
  const Var w3 = draw(tape, {1, 9}, 6), b3 = draw(tape, {1, 1}, 7);
  const Var a1 = relu(matmul(w1, x) + b1);
  const Var a2 = tanh(matmul(w2, a1) + b2);
  const Var a3 = sigmoid(matmul(w3, a2) + b3);
  return {sum(binary_cross_entropy(a3, y)) / 6, {w1, b1, w2, b2, w3, b3}};
}

/// Everything the special rules do not know: transposes, norms over one axis, shared weights.
Recorded odd_net(Tape& tape) {
  const Var x = draw(tape, {8, 8}, 1), w = draw(tape, {8, 8}, 2), g = draw(tape, {8}, 3);
  const Var first = tanh(matmul(x, w, false, true)) * g;
  const Var second = matmul(transpose(first), w) + w;
  const Var scores = log_softmax(second, 0);
  return {sum(logsumexp(concat({scores, first}, 1), 1)) + sum(max(second, 1)), {w, g}};
}

/// Labels that another layer chooses, a leaf of one element, a leaf without effect.
Recorded picky_net(Tape& tape) {
  const Var x = draw(tape, {4, 5}, 1), w = draw(tape, {6, 5}, 2), v = draw(tape, {6, 5}, 3);
  const Var b = draw(tape, {6}, 4), scale = tape.leaf(Tensor(0.75)), unused = draw(tape, {3}, 5);
  const Var chosen = argmax(matmul(x, w, false, true), 1);
  const Var cost = mean(cross_entropy_with_logits(affine(x, v, b) * scale, chosen));
  return {cost + 0.1 * sum(square(w)) + 0 * sum(unused), {w, v, b, scale, unused}};
}

/// Images: two convolutions with pooling, flattened before dense layers, as LeNet is.
Recorded planes_net(Tape& tape) {
  const Var x = draw(tape, {3, 2, 9, 8}, 1);
  const Var w1 = draw(tape, {4, 2, 3, 3}, 2), b1 = draw(tape, {4}, 3);
  const Var w2 = draw(tape, {5, 4, 2, 2}, 4), b2 = draw(tape, {5}, 5);
  const Var w3 = draw(tape, {6, 30}, 6), b3 = draw(tape, {6}, 7);
  const Var labels = tape.leaf(Tensor(Shape{3}, std::initializer_list<Index>{0, 5, 2}));
  const Var a1 = max_pool2d(relu(conv2d(x, w1, b1, {.padding = 1})), 2);  // (3, 4, 4, 4)
  const Var a2 =
      avg_pool2d(tanh(conv2d(a1, w2, b2, {.padding = 1})), {2, 1}, {.stride = PerAxis{2, 2}});
  const Var z = affine(flatten(a2, 1) * 0.5, w3, b3);
  return {mean(cross_entropy_with_logits(z, labels)) + 0.1 * sum(square(w2)),
          {w1, b1, w2, b2, w3, b3}};
}

/// Strides, dilation, uneven padding, groups, one axis and three, a residual sum, a channel's slice
/// that no rule knows, and a flattening that leaves the channels apart.
Recorded odd_planes_net(Tape& tape) {
  const Var x = draw(tape, {2, 3, 11}, 1), cube = draw(tape, {2, 1, 3, 4, 2}, 2);
  const Var w1 = draw(tape, {4, 3, 2}, 3), b1 = draw(tape, {4}, 4), w2 = draw(tape, {4, 2, 3}, 5);
  const Var w3 = draw(tape, {3, 4, 1}, 6), w4 = draw(tape, {2, 1, 2, 2, 1}, 7);
  const Var w5 = draw(tape, {2, 15}, 8), b5 = draw(tape, {2}, 9);
  const Var a1 = conv1d(x, w1, b1, {.stride = 2, .padding = 2, .padding_end = 1, .dilation = 3});
  const Var a2 = a1 + sigmoid(conv1d(a1, w2, {.padding = 1, .groups = 2}));
  const Var a3 = max_pool1d(conv1d(a2, w3), 2, {.stride = PerAxis(1)});  // (2, 3, 5)
  const Var kept = reshape(relu(conv3d(cube, w4)), {2, 2, 12});
  const Var y = affine(reshape(a3, {2, 15}), w5, b5);
  return {sum(square(y)) + sum(softmax(a3, 1) * a3) + sum(kept * kept * 0.25),
          {w1, b1, w2, w3, w4, w5, b5}};
}

/// Attention with heads, causal, and layer norms on both sides of a dense layer.
Recorded attention_net(Tape& tape) {
  const Var x = draw(tape, {2, 5, 8}, 1);
  const Var w_in = draw(tape, {24, 8}, 2), b_in = draw(tape, {24}, 3);
  const Var w_out = draw(tape, {8, 8}, 4), b_out = draw(tape, {8}, 5);
  const Var gain = draw(tape, {8}, 6), shift = draw(tape, {8}, 7);
  const Var w = draw(tape, {8, 8}, 8), b = draw(tape, {8}, 9);
  const Var a = multi_head_attention(x, x, x, {w_in, w_out, b_in, b_out}, 2, {.causal = true});
  const Var n = layer_norm(x + a, gain, shift);
  const Var y = layer_norm(n + relu(affine(n, w, b)), gain, shift);
  return {sum(square(mean(y, 1))) + sum(log_softmax(y, 0) * x),
          {w_in, b_in, w_out, b_out, gain, shift, w, b}};
}

/// LSTMs: one on the other, the second backwards, all of what they keep in use.
Recorded lstm_net(Tape& tape) {
  const Var x = draw(tape, {4, 2, 3}, 1), h0 = draw(tape, {2, 3}, 2), c0 = draw(tape, {2, 3}, 3);
  const Var w_x = draw(tape, {12, 3}, 4), w_h = draw(tape, {12, 3}, 5);
  const Var b_x = draw(tape, {12}, 6), b_h = draw(tape, {12}, 7);
  const Var v_x = draw(tape, {12, 3}, 8), v_h = draw(tape, {12, 3}, 9);
  const RecurrentResult first = lstm(x, {h0, c0}, {w_x, w_h, b_x, b_h});
  const RecurrentResult second = lstm(first.outputs, {h0, c0}, {v_x, v_h}, true);
  const Var one_step = lstm(slice(x, 0, {0, 1}), {h0, c0}, {w_x, w_h, b_x, b_h}).last.c;
  return {sum(square(second.outputs)) + sum(second.last.c) + sum(first.last.h * first.last.c) +
              sum(exp(one_step)),
          {w_x, w_h, b_x, b_h, v_x, v_h, h0, c0}};
}

/// Batch norm behind a convolution and behind a dense layer, channels scaled and shifted.
Recorded norms_net(Tape& tape) {
  const Var x = draw(tape, {4, 2, 5, 4}, 1);
  const Var w1 = draw(tape, {6, 2, 2, 2}, 2), g1 = draw(tape, {6}, 3), s1 = draw(tape, {6}, 4);
  const Var w2 = draw(tape, {5, 72}, 5), g2 = draw(tape, {5}, 6), s2 = draw(tape, {5}, 7);
  const Var w3 = draw(tape, {3, 6, 1, 1}, 8), g3 = draw(tape, {3}, 9), s3 = draw(tape, {3}, 10);
  const Var a1 = relu(batch_norm(conv2d(x, w1), g1, s1));
  const Var a2 = group_norm(conv2d(a1, w3), 3, g3, s3);
  const Var y = batch_norm(matmul(flatten(a1, 1), w2, false, true), g2, s2);
  return {sum(exp(y * 0.5)) + sum(square(a2) * 0.1), {w1, g1, s1, w2, g2, s2, w3, g3, s3}};
}

struct Case {
  std::string name;
  Recorded (*record)(Tape&);
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

const std::vector<Case> cases{
    {"rows", rows_net},   {"columns", columns_net},     {"odd", odd_net},
    {"picky", picky_net}, {"planes", planes_net},       {"odd planes", odd_planes_net},
    {"lstm", lstm_net},   {"attention", attention_net}, {"norms", norms_net}};

std::size_t size_of(const Recorded& r) {
  std::size_t n = 0;
  for (Var x : r.leaves) n += static_cast<std::size_t>(x.size());
  return n;
}

std::vector<double> theta_of(const Recorded& r) {
  std::vector<double> theta;
  for (Var x : r.leaves) {
    const auto v = x.data<double>();
    theta.insert(theta.end(), v.begin(), v.end());
  }
  return theta;
}

std::vector<Probe> all_probes(const Recorded& r) {
  const std::vector<double> theta = theta_of(r);
  std::vector<Probe> probes;
  for (std::size_t i = 0; i < size_of(r); ++i) {
    probes.push_back({i, theta[i] + 1e-3});
    probes.push_back({i, theta[i]});
    probes.push_back({i, theta[i] - 0.5});
  }
  return probes;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(stacked_probes)

BOOST_DATA_TEST_CASE(answers_are_those_of_plain_replay, boost::unit_test::data::make(cases), c) {
  Tape tape;
  const Recorded r = c.record(tape);
  const std::vector<Probe> probes = all_probes(r);
  std::vector<double> plain(probes.size()), stacked(probes.size()), threaded(probes.size());
  ReplayProbes(r.cost, r.leaves)(probes, plain);
  const auto all = StackedProbes::Programs::wherever_possible;
  StackedProbes one(r.cost, r.leaves, {}, 1, all);
  one(probes, stacked);
  StackedProbes(r.cost, r.leaves, {}, 2, all)(probes, threaded);
  BOOST_TEST(one.stacked_leaves() > 0);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    // The sums behind a cost of order one to a hundred, of a few hundred terms, in another order.
    BOOST_TEST(std::abs(stacked[i] - plain[i]) <= 64 * 0x1p-53 * (1 + std::abs(plain[i])));
    BOOST_TEST(stacked[i] == threaded[i]);
  }
}

/// The most elements that one probe of a leaf moves.
Index widest(const Recorded& r, Var leaf) {
  Workspace<double> base(Plan({r.cost}, {.reuse_memory = false, .fuse = false}));
  base.run();
  const auto program = ProbeProgram::build(r.cost, leaf, base, dependents(r.cost, r.leaves), 4);
  BOOST_TEST_REQUIRE(program.has_value());
  return program->widest();
}

BOOST_AUTO_TEST_CASE(probes_move_no_more_than_they_must) {
  Tape tape;
  const Recorded planes = planes_net(tape);
  // A filter of the second layer: one channel (3, 5, 5), pooled to (3, 2, 3), which moves (3, 6).
  for (const std::size_t k : {2U, 3U}) BOOST_TEST(widest(planes, planes.leaves[k]) == 75);
  // One of the first: a channel (3, 9, 8), the whole of the next layer being (3, 5, 5, 5).
  for (const std::size_t k : {0U, 1U}) BOOST_TEST(widest(planes, planes.leaves[k]) == 375);
  const Recorded norms = norms_net(tape);
  // A gain: one channel (4, 4, 3), then the whole of the next convolution, (4, 3, 4, 3).
  BOOST_TEST(widest(norms, norms.leaves[1]) == 144);
  // Of the second layer all is less: one unit of four examples before, all behind the next.
  for (const std::size_t k : {4U, 5U}) BOOST_TEST(widest(norms, norms.leaves[k]) <= 20);
  const Recorded attention = attention_net(tape);
  // A column of queries, keys or values: one head's scores (2, 5, 5) and sums (2, 5, 4), until the
  // heads are joined to (2, 5, 8).
  for (const std::size_t k : {0U, 1U}) BOOST_TEST(widest(attention, attention.leaves[k]) == 80);
}

BOOST_DATA_TEST_CASE(partial_replay_has_the_bits_of_a_full_one, boost::unit_test::data::make(cases),
                     c) {
  Tape tape;
  const Recorded r = c.record(tape);
  const std::vector<Probe> probes = all_probes(r);
  std::vector<double> answers(probes.size());
  ReplayProbes(r.cost, r.leaves)(probes, answers);
  Workspace<double> full(Plan({r.cost}));
  for (std::size_t i = 0; i < probes.size(); ++i) {
    std::size_t k = 0, at = probes[i].index;
    while (at >= static_cast<std::size_t>(r.leaves[k].size())) {
      at -= static_cast<std::size_t>(r.leaves[k++].size());
    }
    double& element = full.leaf(r.leaves[k])[at];
    const double before = std::exchange(element, probes[i].value);
    full.run();
    element = before;
    BOOST_TEST(answers[i] == full[r.cost][0]);
  }
}

BOOST_DATA_TEST_CASE(theta_may_move, boost::unit_test::data::make(cases), c) {
  Tape tape;
  const Recorded r = c.record(tape);
  std::vector<double> theta = theta_of(r);
  ReplayProbes replay(r.cost, r.leaves);
  StackedProbes programs(r.cost, r.leaves, {}, 2, StackedProbes::Programs::wherever_possible);
  BOOST_TEST(programs.stacked_leaves() > 0);
  for (const double factor : {1.0, 0.75, -1.5}) {
    for (std::size_t i = 0; i < theta.size(); ++i) {
      theta[i] = factor * theta[i] + 0.5 * std::cos(3.0 * static_cast<double>(i));
    }
    replay.move_to(theta);
    programs.move_to(theta);
    std::vector<Probe> probes;
    for (std::size_t i = 0; i < theta.size(); ++i) {
      probes.push_back({i, theta[i] - 0.25});
      probes.push_back({i, theta[i]});
    }
    std::vector<double> plain(probes.size()), stacked(probes.size()), fresh(probes.size());
    replay(probes, plain);
    programs(probes, stacked);
    StackedProbes(r.cost, r.leaves, theta, 1, StackedProbes::Programs::wherever_possible)(probes,
                                                                                          fresh);
    for (std::size_t i = 0; i < probes.size(); ++i) {
      BOOST_TEST(std::abs(stacked[i] - plain[i]) <= 64 * 0x1p-53 * (1 + std::abs(plain[i])));
      BOOST_TEST(stacked[i] == fresh[i]);
    }
  }
  BOOST_CHECK_THROW(programs.move_to(std::span(theta).first(1)), std::invalid_argument);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
