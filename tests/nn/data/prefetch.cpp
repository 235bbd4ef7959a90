#include "nn/data/prefetch.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "files.hpp"
#include "nn/data/batches.hpp"
#include "nn/data/table.hpp"

namespace dtheta::nn::test {

BOOST_AUTO_TEST_SUITE(data_prefetch)

BOOST_AUTO_TEST_CASE(batches_are_those_made_one_by_one) {
  Tensor numbers(Shape{50, 2});
  for (std::size_t i = 0; i < 100; ++i) numbers.data<double>()[i] = static_cast<double>(i);
  const Table data{{"input", numbers}};
  Batches loader(50, 7, 3);
  const auto make = [&](Index n) { return data.rows(loader.batch(n)); };
  Prefetch<Table> batches(loader.count(), make);
  for (std::uint64_t epoch = 0; epoch < 3; ++epoch) {
    batches.cancel();
    loader.start_epoch(epoch);
    for (Index n = 0; n < batches.count(); ++n) {
      const Table found = batches(n), wanted = make(n);
      BOOST_TEST((found["input"] == wanted["input"]), "epoch " << epoch << ", " << n);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_next_is_made_by_another_thread_and_no_more_than_once) {
  std::vector<std::atomic<int>> made(6);
  std::vector<std::thread::id> by(6);
  Prefetch<int> numbers(5, [&](Index n) {
    const auto i = static_cast<std::size_t>(n);
    by[i] = std::this_thread::get_id();
    ++made[i];
    return static_cast<int>(10 * n);
  });
  for (int n = 0; n < 5; ++n) BOOST_TEST(numbers(n) == 10 * n);
  for (std::size_t n = 0; n < 5; ++n) {
    BOOST_TEST(made[n] == 1);
    BOOST_TEST((by[n] == std::this_thread::get_id()) == (n == 0));
  }
  BOOST_TEST(made[5] == 0);      // there is none
  BOOST_TEST(numbers(2) == 20);  // any can be asked for
}

BOOST_AUTO_TEST_CASE(an_error_comes_when_its_batch_is_asked_for) {
  Prefetch<int> numbers(3, [](Index n) {
    if (n == 1) throw std::runtime_error("no batch 1");
    return static_cast<int>(n);
  });
  BOOST_TEST(numbers(0) == 0);
  BOOST_TEST(message<std::runtime_error>([&] { return numbers(1); }) == "no batch 1");
  BOOST_TEST(numbers(2) == 2);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
