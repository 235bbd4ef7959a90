// The sum over the parts of a batch is one tree of additions, whoever has which part.

#include "nn/distributed/tree_sum.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "threads.hpp"

namespace dtheta::nn::test {
namespace {

using detail::PartRange;
namespace bdata = boost::unit_test::data;

/// Numbers of many sizes, so that nearly every order of additions rounds to another sum.
float number(Index part, std::size_t at) {
  std::uint64_t h = static_cast<std::uint64_t>(part) * 7919 + at * 104729 + 1;
  for (int round = 0; round < 3; ++round) h = (h ^ (h >> 31)) * 0x9E3779B97F4A7C15ULL;
  const auto unit = static_cast<float>(static_cast<double>(h >> 11) * 0x1p-53 - 0.5);
  return unit * static_cast<float>(1 << (h % 12));
}

/// Says now and then how far it has come, and writes behind that afterwards.
void compute(Index part, std::span<float> values, const detail::TreeSum::There& there) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    values[i] = number(part, i);
    if (i % 3 == 0) there(i + 1);
  }
}

float by_definition(PartRange node, std::size_t at) {
  if (node.size() == 1) return number(node.first, at);
  return by_definition(node.left(), at) + by_definition(node.right(), at);
}

std::vector<float> sum_on(int ranks, Index parts, std::size_t width, std::size_t bucket) {
  std::vector<std::vector<float>> sums(static_cast<std::size_t>(ranks));
  all_ranks(ranks, [&](Team& team) {
    detail::TreeSum tree(parts, width, &team, bucket);
    for (int step = 0; step < 2; ++step) {  // memory is used again
      const auto sum = tree.run(compute, "a sum");
      sums[static_cast<std::size_t>(team.rank())].assign(sum.begin(), sum.end());
    }
  });
  for (const auto& sum : sums) BOOST_TEST((sum == sums.front()));
  return sums.front();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tree_sum)

BOOST_DATA_TEST_CASE(the_sum_is_the_tree_of_its_definition,
                     bdata::make({1, 2, 3, 5, 7, 8, 12, 16}) * bdata::make({1, 2, 3, 4, 5, 8, 11}),
                     parts, ranks) {
  constexpr std::size_t width = 23;  // segments of several lengths, and with 11 ranks short ones
  std::vector<float> expected;
  for (std::size_t i = 0; i < width; ++i) expected.push_back(by_definition({0, parts}, i));
  for (const std::size_t bucket : {std::size_t{4}, std::size_t{1000}}) {
    BOOST_TEST((sum_on(ranks, parts, width, bucket) == expected));
  }
}

BOOST_AUTO_TEST_CASE(another_order_would_be_another_sum) {
  constexpr Index parts = 8;
  int other = 0;
  for (std::size_t i = 0; i < 100; ++i) {
    float in_a_row = 0;
    for (Index p = 0; p < parts; ++p) in_a_row += number(p, i);
    other += in_a_row != by_definition({0, parts}, i) ? 1 : 0;
  }
  BOOST_TEST(other > 30);  // or the test above could not fail
}

BOOST_AUTO_TEST_CASE(eight_parts_are_halved_and_seven_are_four_and_three) {
  BOOST_TEST((PartRange{0, 8}.left() == PartRange{0, 4}));
  BOOST_TEST((PartRange{0, 7}.left() == PartRange{0, 4}));
  BOOST_TEST((PartRange{4, 7}.right() == PartRange{6, 7}));
  // Three ranks: 0 1 | 2 3 4 | 5 6 7.
  const auto nodes = detail::nodes_within(detail::parts_of(1, 3, 8), {0, 8});
  BOOST_REQUIRE(nodes.size() == 2u);
  BOOST_TEST((nodes[0] == PartRange{2, 4}));
  BOOST_TEST((nodes[1] == PartRange{4, 5}));
}

BOOST_AUTO_TEST_CASE(a_rank_sends_about_twice_the_vector) {
  constexpr std::size_t width = 1 << 14;
  std::vector<std::uint64_t> sent(4);
  all_ranks(4, [&](Team& team) {
    detail::TreeSum(8, width, &team).run(compute, "a sum");
    sent[static_cast<std::size_t>(team.rank())] = team.traffic().bytes;
  });
  // Three quarters to others, and its own quarter to each of three.
  for (const std::uint64_t bytes : sent) BOOST_TEST(bytes == width * sizeof(float) * 6 / 4);
}

/// A bucket of the last part is sent once it is there, in two halves: its segments, and when the next but one
/// has gone its sum.
BOOST_AUTO_TEST_CASE(what_is_there_is_sent_while_the_rest_is_computed) {
  constexpr std::size_t bucket = 8, buckets = 5;
  std::vector<std::vector<std::uint64_t>> sent(2);
  all_ranks(2, [&](Team& team) {
    detail::TreeSum tree(4, bucket * buckets, &team, bucket);
    auto& messages = sent[static_cast<std::size_t>(team.rank())];
    tree.run(
        [&](Index part, std::span<float> values, const detail::TreeSum::There& there) {
          for (std::size_t b = 0; b < buckets; ++b) {
            for (std::size_t i = b * bucket; i < (b + 1) * bucket; ++i) values[i] = number(part, i);
            there((b + 1) * bucket - 1);  // not yet
            there((b + 1) * bucket);
            messages.push_back(team.traffic().messages);
          }
        },
        "a sum");
    messages.push_back(team.traffic().messages);
  });
  const std::vector<std::uint64_t> expected{0, 0, 0, 0, 0, 1, 2, 4, 6, 8, 10};
  for (const auto& messages : sent) {
    BOOST_TEST(messages == expected, boost::test_tools::per_element());
  }
}

#if defined(__x86_64__)
BOOST_AUTO_TEST_CASE(subnormal_sums_are_zero_on_every_rank) {
  const auto tiny = [](Index part, std::span<float> values, const detail::TreeSum::There&) {
    values[0] = part == 0 ? 0x1.8p-126F : -0x1p-126F;
  };
  for (const int ranks : {1, 2}) {
    std::vector<float> sums(2, 0.0F);
    all_ranks(ranks, [&](Team& team) {
      detail::TreeSum tree(2, 1, &team);
      sums[static_cast<std::size_t>(team.rank())] = tree.run(tiny, "a sum")[0];
    });
    for (const float sum : sums) BOOST_TEST(sum == 0.0F);
  }
}
#endif

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
