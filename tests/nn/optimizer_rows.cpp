// A gradient of which most rows are zeros: SGD moves the rows that were looked up and no others.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstring>
#include <span>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "nn/optimizer.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

constexpr Index rows = 7, width = 3;

/// The cost 1/2 sum (W[at])^2, whose derivative by a row of W is the row as often as it is in `at`.
struct Lookup {
  explicit Lookup(const std::vector<Index>& places)
      : at(tape.leaf(Tensor(Shape{static_cast<Index>(places.size())}, std::span(places)))) {
    std::vector<double> values;
    for (Index i = 0; i < rows * width; ++i)
      values.push_back(std::sin(1.0 + static_cast<double>(i)));
    start = values;
    w = tape.leaf(Tensor(Shape{rows, width}, std::span<const double>(values)));
    cost = sum(square(take(w, at))) / 2;
    gradient = grad(cost, {w}).front();
  }
  [[nodiscard]] std::vector<std::pair<Var, Var>> updates(const Sgd& sgd) const {
    return sgd(std::span(&w, 1), std::span(&gradient, 1)).updates;
  }

  Tape tape;
  Var at, w, cost, gradient;
  std::vector<double> start;
};

std::vector<double> after_a_step(const Lookup& lookup, std::vector<std::pair<Var, Var>> updates) {
  Workspace<double> ws(Plan({lookup.cost}, {.updates = std::move(updates)}));
  ws.run();
  return {ws[lookup.w].begin(), ws[lookup.w].end()};
}

struct Places {
  std::vector<Index> at;
};
std::ostream& operator<<(std::ostream& out, const Places& p) {
  for (const Index i : p.at) out << i << ' ';
  return out;
}
const std::vector<Places> all_places{{{2}}, {{0, 6}}, {{1, 1, 1}}, {{5, -1, 5, 0}}, {{}}};

}  // namespace

BOOST_AUTO_TEST_SUITE(optimizer_rows)

BOOST_DATA_TEST_CASE(a_step_is_that_of_the_whole_gradient, bdata::make(all_places), places) {
  const Lookup lookup(places.at);
  const std::vector<double> found = after_a_step(lookup, lookup.updates({.learning_rate = 0.25}));
  std::vector<int> times(rows);
  for (const Index i : places.at) ++times[static_cast<std::size_t>(i < 0 ? i + rows : i)];
  for (std::size_t i = 0; i < found.size(); ++i) {
    const double expected = lookup.start[i] * (1 - 0.25 * times[i / width]);
    if (times[i / width] == 0) {
      BOOST_TEST(found[i] == lookup.start[i]);
    } else {
      // One rounding for each look and one for the product with the rate.
      const double roundings = 0x1p-53 * (times[i / width] + 1);
      BOOST_TEST(std::abs(found[i] - expected) <= roundings * std::abs(lookup.start[i]));
    }
  }
}

BOOST_DATA_TEST_CASE(momentum_and_decay_move_every_row, bdata::make({0, 1}), decay) {
  const Lookup lookup({2});
  const Sgd sgd{.learning_rate = 0.25,
                .momentum = decay == 0 ? 0.5 : 0,
                .weight_decay = decay == 0 ? 0 : 0.5};
  const std::vector<double> found = after_a_step(lookup, lookup.updates(sgd));
  // The first step of a momentum is that of the gradient alone; a decay shrinks every row.
  const double others = decay == 0 ? 1 : 1 - 0.25 * 0.5;
  BOOST_TEST(found[0] == lookup.start[0] * others);
  BOOST_TEST(std::abs(found[2 * width] - lookup.start[2 * width] * (others - 0.25)) <= 0x1p-52);
}

BOOST_AUTO_TEST_CASE(an_index_out_of_range_leaves_the_parameter_as_it_was) {
  const Lookup lookup({0, 3});
  Tape& tape = lookup.w.tape();
  // Of a cost that is linear nothing but the update reads the indices.
  const Var gradient = grad(sum(take(lookup.w, lookup.at)), {lookup.w}).front();
  const Var one = tape.constant(1.0);
  Workspace<double> ws(Plan(
      {one},
      {.updates =
           Sgd{.learning_rate = 0.25}(std::span(&lookup.w, 1), std::span(&gradient, 1)).updates}));
  ws.run();
  const std::vector<double> before(ws[lookup.w].begin(), ws[lookup.w].end());
  BOOST_TEST(before[0] == lookup.start[0] - 0.25);
  const std::vector<Index> wrong{3, rows};
  ws.set(lookup.at, Tensor(Shape{2}, std::span(wrong)));
  BOOST_CHECK_THROW(ws.run(), ValueError);
  BOOST_TEST(std::ranges::equal(before, ws[lookup.w]));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
