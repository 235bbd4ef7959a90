// Attention some queries at a time: the same function, in memory that grows with the length and not
// with its square.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;
using testing::gradient_errors;
using testing::varied;

struct Case {
  std::string name;
  Index queries = 6, keys = 6;
  bool causal = false, mask = false, bias = false, row_mask = false, rotary = false;
};
std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }
std::vector<Case> cases() {
  return {{.name = "plain"},
          {.name = "more keys", .keys = 9},
          {.name = "causal", .causal = true},
          {.name = "causal, fewer keys than queries", .queries = 7, .keys = 4, .causal = true},
          {.name = "causal, more keys", .queries = 4, .keys = 7, .causal = true},
          {.name = "mask", .mask = true},
          {.name = "causal with a mask", .causal = true, .mask = true},
          {.name = "a mask for all queries", .row_mask = true},
          {.name = "bias", .causal = true, .bias = true},
          {.name = "rotary", .causal = true, .rotary = true}};
}

/// Attention of two sequences and its gradients, `block` queries at once.
struct Attention {
  Attention(const Case& c, Index block) {
    constexpr Index samples = 2, width = 4, values = 3;
    const Var q = tape.leaf(varied({samples, c.queries, width}, 1)),
              k = tape.leaf(varied({samples, c.keys, width}, 2)),
              v = tape.leaf(varied({samples, c.keys, values}, 3));
    AttentionOptions options{.causal = c.causal, .query_block = block};
    if (c.mask) options.mask = allowed({c.queries, c.keys});
    if (c.row_mask) options.mask = allowed({samples, 1, c.keys});
    if (c.bias) options.bias = tape.constant(varied({c.queries, c.keys}, 4));
    if (c.rotary) options.rotary.emplace();
    y = scaled_dot_attention(q, k, v, options);
    leaves = {q, k, v};
  }
  /// Two of three, and of the second query none.
  Var allowed(const Shape& shape) {
    Tensor mask(shape);
    const Index keys = shape[shape.rank() - 1];
    for (Index i = 0; i < shape.size(); ++i) {
      const bool silent = shape.rank() == 2 && i / keys == 1;
      mask.data<double>()[static_cast<std::size_t>(i)] = i % 3 == 0 || silent ? 0 : 1;
    }
    return tape.constant(mask);
  }

  Tape tape;
  Var y;
  std::vector<Var> leaves;
};

double apart(Var a, Var b) {
  double most = 0;
  const auto x = a.data<double>(), y = b.data<double>();
  for (std::size_t i = 0; i < x.size(); ++i) most = std::max(most, std::abs(x[i] - y[i]));
  return most;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(attention_blocks)

BOOST_DATA_TEST_CASE(a_block_of_queries_is_attended_as_all_are,
                     data::make(cases()) * data::make({1, 2, 4, 5}), c, block) {
  Attention whole(c, 0), parts(c, block);
  // Sums of up to nine products of numbers below 1, in another order.
  constexpr double roundings = 64 * 0x1p-53;
  BOOST_REQUIRE((whole.y.shape() == parts.y.shape()));
  BOOST_TEST(apart(whole.y, parts.y) <= roundings);
  const std::vector<Var> g = grad(sum(square(whole.y)), whole.leaves),
                         h = grad(sum(square(parts.y)), parts.leaves);
  for (std::size_t i = 0; i < g.size(); ++i) BOOST_TEST(apart(g[i], h[i]) <= 16 * roundings);
}

BOOST_DATA_TEST_CASE(its_derivatives_are_right, data::make(cases()), c) {
  Attention parts(c, 2);
  const auto off = gradient_errors(parts.y, parts.leaves);
  BOOST_TEST(off.first < 1e-20);
  BOOST_TEST(off.second < 1e-20);
}

/// Elements of the workspace of a training step of four heads.
double memory(Index length, bool causal, Index block) {
  Tape tape(DType::float32);
  const auto leaf = [&](unsigned seed) { return tape.leaf(varied({4, length, 16}, seed)); };
  const Var q = leaf(1), k = leaf(2), v = leaf(3);
  const Var y = scaled_dot_attention(q, k, v, {.causal = causal, .query_block = block});
  std::vector<Var> outputs = grad(sum(square(y)), {q, k, v});
  outputs.push_back(y);
  return static_cast<double>(Plan(outputs).memory_elements());
}

BOOST_DATA_TEST_CASE(memory_grows_with_the_length, data::make({false, true}), causal) {
  const double whole = memory(512, causal, 0), twice = memory(1024, causal, 0);
  BOOST_TEST(twice / whole > 3.5);  // scores are its square
  // Blocks of 32 queries hold 32 rows of scores, some of them at once. A mask of a causal block is
  // a square of 32.
  const double block = memory(512, causal, 32), twice_block = memory(1024, causal, 32);
  BOOST_TEST(twice_block / block < 2.1);
  BOOST_TEST(twice_block < twice / 5);
}

BOOST_AUTO_TEST_CASE(dropout_draws_for_each_block) {
  Tape tape;
  const Var q = tape.leaf(varied({6, 4}, 1));
  const AttentionOptions o{.keep_prob = 0.5, .key = {1, 2}, .query_block = 2};
  const Var a = scaled_dot_attention(q, q, q, o), b = scaled_dot_attention(q, q, q, o);
  BOOST_TEST((a.value() == b.value()));
  // The gradient sees the masks that the value saw.
  const auto off = gradient_errors(a, std::vector{q});
  BOOST_TEST(off.first < 1e-20);
}

BOOST_AUTO_TEST_CASE(a_negative_block_is_refused) {
  Tape tape;
  const Var q = tape.leaf(varied({6, 4}, 1));
  BOOST_CHECK_THROW(scaled_dot_attention(q, q, q, {.query_block = -1}), ValueError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
