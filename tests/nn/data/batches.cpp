#include "nn/data/batches.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <limits>
#include <map>
#include <numeric>
#include <set>

#include "autodiff/errors.hpp"
#include "files.hpp"

namespace dtheta::nn::test {
namespace {

namespace bdata = boost::unit_test::data;

using Order = std::vector<Index>;

Order shuffled(std::size_t count, std::uint64_t seed, std::uint64_t epoch) {
  Order order(count);
  shuffle(order, seed, epoch);
  return order;
}

bool is_permutation(Order order) {
  std::ranges::sort(order);
  Order expected(order.size());
  std::iota(expected.begin(), expected.end(), Index{0});
  return order == expected;
}

std::vector<Order> all_batches(const Batches& batches) {
  std::vector<Order> all;
  for (Index i = 0; i < batches.count(); ++i) {
    const auto rows = batches.batch(i);
    all.emplace_back(rows.begin(), rows.end());
  }
  return all;
}

Order joined(const std::vector<Order>& parts) {
  Order all;
  for (const Order& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_batches)

BOOST_DATA_TEST_CASE(a_shuffle_is_a_permutation, bdata::make({0, 1, 2, 3, 17, 1000}), count) {
  const auto size = static_cast<std::size_t>(count);
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{7}, UINT64_MAX}) {
    BOOST_TEST(is_permutation(shuffled(size, seed, 3)));
  }
}

BOOST_AUTO_TEST_CASE(a_shuffle_depends_on_seed_and_epoch_alone) {
  std::set<Order> seen;
  const std::uint64_t high = std::uint64_t{1} << 32;  // the upper halves count too
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{1}, high}) {
    for (const std::uint64_t epoch : {std::uint64_t{0}, std::uint64_t{1}, high}) {
      const Order order = shuffled(100, seed, epoch);
      BOOST_TEST(order == shuffled(100, seed, epoch));
      BOOST_TEST(seen.insert(order).second);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_shuffle_stays_what_it_was) {
  // From an implementation of Philox 4x32-10 and of the shuffle in Python.
  BOOST_TEST(shuffled(10, 1, 0) == (Order{5, 8, 3, 9, 0, 1, 7, 2, 6, 4}));
  const std::uint64_t seed = (std::uint64_t{1} << 40) + 3;
  const std::uint64_t epoch = (std::uint64_t{1} << 33) + 1;
  BOOST_TEST(shuffled(10, seed, epoch) == (Order{4, 7, 3, 5, 2, 0, 1, 9, 8, 6}));
}

BOOST_AUTO_TEST_CASE(all_permutations_are_as_frequent) {
  constexpr int trials = 24'000;
  std::map<Order, int> counts;
  for (int epoch = 0; epoch < trials; ++epoch) {
    ++counts[shuffled(4, 42, static_cast<std::uint64_t>(epoch))];
  }
  BOOST_TEST(counts.size() == 24u);
  double chi_square = 0;
  for (const auto& [order, count] : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1e3;
  BOOST_TEST(chi_square < 49.7);  // 23 degrees of freedom: exceeded once in a thousand seeds
}

BOOST_AUTO_TEST_CASE(an_epoch_meets_every_example_once) {
  Batches batches(10, 4, 5);
  BOOST_TEST(batches.count() == 3);
  for (const std::uint64_t epoch : {0u, 1u, 2u}) {
    batches.start_epoch(epoch);
    const std::vector<Order> all = all_batches(batches);
    BOOST_TEST(all[0].size() == 4u);
    BOOST_TEST(all[1].size() == 4u);
    BOOST_TEST(all[2].size() == 2u);
    BOOST_TEST(joined(all) == shuffled(10, 5, epoch));
  }
  Batches resumed(10, 4, 5);
  resumed.start_epoch(2);
  BOOST_TEST((all_batches(resumed) == all_batches(batches)));
}

BOOST_AUTO_TEST_CASE(the_last_batch_can_be_dropped) {
  const Batches batches(10, 4, 5, LastBatch::drop);
  BOOST_TEST(batches.count() == 2);
  BOOST_TEST(joined(all_batches(batches)).size() == 8u);
  BOOST_TEST(Batches(8, 4, 5, LastBatch::drop).count() == 2);
  BOOST_TEST(Batches(8, 4, 5).count() == 2);
  BOOST_TEST(Batches(3, 4, 5).count() == 1);
}

BOOST_AUTO_TEST_CASE(batches_that_cannot_be_are_refused) {
  const auto says = [](Index examples, Index size, LastBatch last = LastBatch::keep) {
    return message<ValueError>([&] { return Batches(examples, size, 0, last); });
  };
  BOOST_TEST(says(0, 4) == "batches: 0 examples, need at least 1");
  BOOST_TEST(says(4, 0) == "batches: batch size 0, must be at least 1");
  BOOST_TEST(says(4, -1) == "batches: batch size -1, must be at least 1");
  BOOST_TEST(says(3, 4, LastBatch::drop) == "batches: 3 examples do not fill one batch of 4");
  const Batches batches(10, 4, 5);
  BOOST_CHECK_THROW(static_cast<void>(batches.batch(3)), ValueError);
  BOOST_CHECK_THROW(static_cast<void>(batches.batch(-1)), ValueError);
  BOOST_TEST(Batches(10, std::numeric_limits<Index>::max(), 5).batch(0).size() == 10u);
}

BOOST_AUTO_TEST_CASE(rows_are_gathered) {
  const Tensor source(Shape{3, 2}, {0.f, 1.f, 10.f, 11.f, 20.f, 21.f});
  const Order rows{2, 0, 2, 1};
  Tensor destination(Shape{4, 2}, DType::float32);
  gather_rows(source, rows, destination);
  BOOST_TEST((destination == Tensor(Shape{4, 2}, {20.f, 21.f, 0.f, 1.f, 20.f, 21.f, 10.f, 11.f})));

  std::vector<float> buffer(8);
  gather_rows(source, rows, std::span(buffer));
  BOOST_TEST(std::ranges::equal(buffer, destination.data<float>()));

  const Tensor labels(Shape{3}, {Index{5}, Index{6}, Index{7}});
  std::vector<Index> chosen(4);
  gather_rows(labels, rows, std::span(chosen));
  BOOST_TEST(chosen == (Order{7, 5, 7, 6}));

  const Tensor cube(Shape{2, 2, 2}, {0., 1., 2., 3., 4., 5., 6., 7.});
  Tensor slice(Shape{1, 2, 2});
  gather_rows(cube, Order{1}, slice);
  BOOST_TEST((slice == Tensor(Shape{1, 2, 2}, {4., 5., 6., 7.})));
}

BOOST_AUTO_TEST_CASE(no_rows_are_gathered_to_nothing) {
  Tensor nothing(Shape{0, 2});
  BOOST_CHECK_NO_THROW(gather_rows(Tensor(Shape{3, 2}), Order{}, nothing));
  BOOST_CHECK_NO_THROW(gather_rows(Tensor(Shape{0, 2}), Order{}, nothing));
  Tensor thin(Shape{2, 0});
  BOOST_CHECK_NO_THROW(gather_rows(Tensor(Shape{3, 0}), Order{1, 2}, thin));
}

BOOST_AUTO_TEST_CASE(rows_that_cannot_be_gathered_are_refused) {
  const Tensor source(Shape{3, 2});
  std::vector<double> four(4);
  std::vector<double> three(3);
  std::vector<float> floats(4);
  BOOST_TEST(message<ValueError>([&] {
               gather_rows(source, Order{0, 3}, std::span(four));
               return 0;
             }) == "gather_rows: row 3 is outside [0, 3)");
  BOOST_CHECK_THROW(gather_rows(source, Order{-1, 0}, std::span(four)), ValueError);
  BOOST_CHECK_THROW(gather_rows(source, Order{0, 1}, std::span(three)), ShapeError);
  BOOST_CHECK_THROW(gather_rows(source, Order{0, 1}, std::span(floats)), TypeError);
  BOOST_CHECK_THROW(gather_rows(Tensor(1.0), Order{0}, std::span(four)), ShapeError);
  Tensor transposed(Shape{2, 3});
  BOOST_TEST(message<ShapeError>([&] {
               gather_rows(source, Order{0, 1, 2}, transposed);
               return 0;
             }) == "gather_rows: 3 rows of (3, 2) do not have the shape (2, 3)");
  Tensor scalar;
  BOOST_CHECK_THROW(gather_rows(source, Order{0}, scalar), ShapeError);
  BOOST_CHECK_THROW(gather_rows(scalar, Order{0}, transposed), ShapeError);
  Tensor narrow(Shape{1, 2}, DType::float32);
  BOOST_CHECK_THROW(gather_rows(source, Order{0}, narrow), TypeError);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
