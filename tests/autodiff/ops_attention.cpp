#include "autodiff/ops/network/attention.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/network/positional.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::gradient_errors;
using testing::varied;

double apart(Var a, Var b) { return max(abs(a - b)).item(); }

void expect_gradients(Var y, const std::vector<Var>& leaves) {
  const auto off = gradient_errors(y, leaves);
  BOOST_TEST(off.first < 1e-20);
  BOOST_TEST(off.second < 1e-20);
}

/// Attention of one sequence in loops; may(i, j) says whether query i may attend to key j.
template <class May>
std::vector<double> reference(Var q, Var k, Var v, double scale, May may) {
  const auto n = [](Var x, int axis) { return static_cast<std::size_t>(x.shape()[axis]); };
  const auto qs = q.data<double>(), ks = k.data<double>(), vs = v.data<double>();
  const std::size_t width = n(q, 1), values = n(v, 1);
  std::vector<double> out;
  for (std::size_t i = 0; i < n(q, 0); ++i) {
    std::vector<double> e(n(k, 0), 0.0);
    double total = 0;
    for (std::size_t j = 0; j < e.size(); ++j) {
      if (!may(i, j)) continue;
      double score = 0;
      for (std::size_t d = 0; d < width; ++d) score += qs[i * width + d] * ks[j * width + d];
      total += e[j] = std::exp(scale * score);
    }
    for (std::size_t d = 0; d < values; ++d) {
      double sum = 0;
      for (std::size_t j = 0; j < e.size(); ++j) sum += e[j] * vs[j * values + d];
      out.push_back(total == 0 ? 0 : sum / total);
    }
  }
  return out;
}

void expect_values(Var y, const std::vector<double>& expected) {
  BOOST_REQUIRE(y.data<double>().size() == expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    BOOST_TEST(std::abs(y.data<double>()[i] - expected[i]) < 1e-14);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention_suite)

BOOST_AUTO_TEST_CASE(attention_is_its_definition) {
  Tape tape;
  const Var q = tape.leaf(varied({3, 4}, 1)), k = tape.leaf(varied({5, 4}, 2));
  const Var v = tape.leaf(varied({5, 2}, 3));
  const auto all = [](std::size_t, std::size_t) { return true; };
  const auto before = [](std::size_t i, std::size_t j) { return j <= i; };
  expect_values(scaled_dot_attention(q, k, v), reference(q, k, v, 0.5, all));
  expect_values(scaled_dot_attention(q, k, v, {.scale = 2}), reference(q, k, v, 2, all));
  expect_values(scaled_dot_attention(q, k, v, {.causal = true}), reference(q, k, v, 0.5, before));

  const std::vector<double> allowed{1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1};
  const Var mask = tape.constant(Tensor(Shape{3, 5}, std::span<const double>(allowed)));
  const auto may = [&](std::size_t i, std::size_t j) { return allowed[i * 5 + j] != 0; };
  const auto both = [&](std::size_t i, std::size_t j) { return may(i, j) && before(i, j); };
  expect_values(scaled_dot_attention(q, k, v, {.mask = mask}), reference(q, k, v, 0.5, may));
  expect_values(scaled_dot_attention(q, k, v, {.mask = mask, .causal = true}),
                reference(q, k, v, 0.5, both));

  const Var bias = tape.constant(Tensor(Shape{5}, {0.0, -1e9, 0.0, 0.0, -1e9}));
  const auto unbiased = [](std::size_t, std::size_t j) { return j != 1 && j != 4; };
  expect_values(scaled_dot_attention(q, k, v, {.bias = bias}), reference(q, k, v, 0.5, unbiased));
}

BOOST_AUTO_TEST_CASE(a_query_without_keys_is_silent) {
  Tape tape;
  const Var q = tape.leaf(varied({2, 2}, 1)), k = tape.leaf(varied({2, 2}, 2));
  const Var v = tape.leaf(varied({2, 2}, 3));
  const Var mask = tape.constant(Tensor(Shape{2, 2}, {0.0, 0.0, 1.0, 1.0}));
  const Var y = scaled_dot_attention(q, k, v, {.mask = mask});
  BOOST_TEST(y.data<double>()[0] == 0);
  const Var g = grad(sum(y), q);
  BOOST_TEST(g.data<double>()[0] == 0);
  BOOST_TEST(std::isfinite(g.data<double>()[2]));
  expect_gradients(y, {q, k, v});
}

BOOST_AUTO_TEST_CASE(gradients_of_attention) {
  Tape tape;
  const Var q = tape.leaf(varied({2, 2, 3}, 1)), k = tape.leaf(varied({2, 3, 3}, 2));
  const Var v = tape.leaf(varied({2, 3, 2}, 3));
  expect_gradients(scaled_dot_attention(q, k, v), {q, k, v});
  expect_gradients(scaled_dot_attention(q, k, v, {.causal = true}), {q, k, v});
}

BOOST_AUTO_TEST_CASE(multi_head_attention_is_attention_by_parts) {
  Tape tape;
  constexpr Index width = 4, heads = 2;
  const Var x = tape.leaf(varied({2, 3, width}, 1)), z = tape.leaf(varied({2, 5, width}, 2));
  const AttentionWeights w{tape.leaf(varied({3 * width, width}, 3)),
                           tape.leaf(varied({width, width}, 4)), tape.leaf(varied({3 * width}, 5)),
                           tape.leaf(varied({width}, 6))};
  const Var y = multi_head_attention(x, z, z, w, heads);
  BOOST_TEST((y.shape() == Shape{2, 3, width}));
  for (Index n = 0; n < 2; ++n) {
    const auto part = [&](Var v, Index i, Index head) {
      const Range rows{i * width + head * 2, i * width + head * 2 + 2};
      return affine(select(v, 0, n), slice(w.w_in, 0, rows), slice(w.b_in, 0, rows));
    };
    std::vector<Var> outs;
    for (Index head = 0; head < heads; ++head) {
      outs.push_back(scaled_dot_attention(part(x, 0, head), part(z, 1, head), part(z, 2, head)));
    }
    BOOST_TEST(apart(select(y, 0, n), affine(concat(outs, 1), w.w_out, w.b_out)) < 1e-14);
    BOOST_TEST(apart(select(y, 0, n), multi_head_attention(select(x, 0, n), select(z, 0, n),
                                                           select(z, 0, n), w, heads)) < 1e-14);
  }
}

BOOST_AUTO_TEST_CASE(gradients_of_multi_head_attention) {
  Tape tape;
  const Var x = tape.leaf(varied({1, 2, 2}, 1));
  const Var w_in = tape.leaf(varied({6, 2}, 2)), w_out = tape.leaf(varied({2, 2}, 3));
  const Var b_in = tape.leaf(varied({6}, 4)), b_out = tape.leaf(varied({2}, 5));
  expect_gradients(multi_head_attention(x, x, x, {w_in, w_out, b_in, b_out}, 2, {.causal = true}),
                   {x, w_in, w_out, b_in, b_out});
  expect_gradients(multi_head_attention(x, x, x, {w_in, w_out}, 1), {x, w_in, w_out});
}

BOOST_AUTO_TEST_CASE(attention_with_dropout_is_a_function_of_its_key) {
  Tape tape;
  const Var q = tape.leaf(varied({6, 4}, 1));
  const AttentionOptions o{.keep_prob = 0.5, .key = {1, 2}};
  const Var a = scaled_dot_attention(q, q, q, o), b = scaled_dot_attention(q, q, q, o);
  BOOST_TEST((a.value() == b.value()));
  BOOST_TEST(apart(a, scaled_dot_attention(q, q, q)) > 0);
}

BOOST_DATA_TEST_CASE(positional_encoding_by_its_formula, boost::unit_test::data::make({1, 2, 5, 8}),
                     width_) {
  Tape tape;
  const Index width = width_;
  const Var p = positional_encoding(tape, 7, width);
  BOOST_TEST((p.shape() == Shape{7, width}));
  for (Index i = 0; i < 7; ++i) {
    for (Index j = 0; j < width; ++j) {
      const double angle =
          static_cast<double>(i) /
          std::pow(10000.0, static_cast<double>(j / 2 * 2) / static_cast<double>(width));
      BOOST_TEST(std::abs(p.data<double>()[static_cast<std::size_t>(i * width + j)] -
                          (j % 2 == 0 ? std::sin(angle) : std::cos(angle))) < 1e-14);
    }
  }
}

BOOST_DATA_TEST_CASE(rope_turns_pairs, boost::unit_test::data::make({false, true}), interleaved) {
  Tape tape;
  const Var x = tape.leaf(varied({2, 3, 4}, 1));
  const Var y = rope(x, {.start = 2, .interleaved = interleaved});
  for (std::size_t n = 0; n < 2; ++n) {
    for (std::size_t p = 0; p < 3; ++p) {
      for (std::size_t i = 0; i < 2; ++i) {
        const double angle = static_cast<double>(p + 2) / (i == 0 ? 1.0 : 100.0);
        const std::size_t base = (n * 3 + p) * 4;
        const std::size_t a = base + (interleaved ? 2 * i : i), b = a + (interleaved ? 1 : 2);
        const auto v = x.data<double>(), r = y.data<double>();
        BOOST_TEST(std::abs(r[a] - (v[a] * std::cos(angle) - v[b] * std::sin(angle))) < 1e-14);
        BOOST_TEST(std::abs(r[b] - (v[b] * std::cos(angle) + v[a] * std::sin(angle))) < 1e-14);
      }
    }
  }
  expect_gradients(y, {x});
}

BOOST_AUTO_TEST_CASE(scores_after_rope_depend_on_distance_alone) {
  Tape tape;
  const Var q = tape.leaf(varied({1, 8}, 1)), k = tape.leaf(varied({1, 8}, 2));
  const auto score = [&](Index i, Index j) {
    return sum(rope(q, {.start = i}) * rope(k, {.start = j})).item();
  };
  BOOST_TEST(std::abs(score(3, 1) - score(12, 10)) < 1e-14);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
