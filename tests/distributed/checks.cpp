// Checks that ranks share have the result of one rank, whoever is lost on the way.

#include <algorithm>
#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <functional>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "../nn/spiral.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/team_crew.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/shared/shared.hpp"
#include "nn/model_cost.hpp"
#include "threads.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace bdata = boost::unit_test::data;
using nn::test::all_ranks;

/// Sum of t^2 sin(t) and of neighbours' products, with nothing at entries above 3.
double cost(std::span<const double> t) {
  double sum = 0;
  for (std::size_t i = 0; i < t.size(); ++i) {
    sum += t[i] * t[i] * std::sin(t[i]) + (i > 0 ? 0.1 * t[i] * t[i - 1] : 0.0);
  }
  return sum;
}

void slope(std::span<const double> t, std::span<double> g) {
  for (std::size_t i = 0; i < t.size(); ++i) {
    g[i] = 2 * t[i] * std::sin(t[i]) + t[i] * t[i] * std::cos(t[i]) +
           (i > 0 ? 0.1 * t[i - 1] : 0.0) + (i + 1 < t.size() ? 0.1 * t[i + 1] : 0.0);
  }
}

void wrong_slope(std::span<const double> t, std::span<double> g) {
  slope(t, g);
  g[123] *= 1.01;
}

ParameterVector theta() {
  std::vector<double> values;
  for (std::size_t i = 0; i < 240; ++i) values.push_back(std::sin(static_cast<double>(i)) + 1.5);
  ParameterVector all;
  all.add("W", 1, {10, 20}, std::span(values).first(200));
  all.add("b", 1, {40}, std::span(values).subspan(200));
  return all;
}

void require_same(const Result& a, const Result& b) {
  BOOST_TEST(report(a) == report(b));  // all blocks, entries, causes and notes
  BOOST_TEST(a.analytic == b.analytic, boost::test_tools::per_element());
  BOOST_TEST(a.numeric == b.numeric, boost::test_tools::per_element());
  BOOST_TEST(a.bar == b.bar, boost::test_tools::per_element());
  BOOST_TEST(a.evaluations == b.evaluations);
  BOOST_TEST(a.gradient_evaluations == b.gradient_evaluations);
  BOOST_TEST(a.noise == b.noise);
  BOOST_TEST(a.notes == b.notes, boost::test_tools::per_element());
}

/// check(crew) on all ranks; rank 0's result, held against what the others were told.
Result shared(int ranks, const std::function<Result(const Crew&)>& check, double patience = 60) {
  std::vector<Result> results(static_cast<std::size_t>(ranks));
  all_ranks(ranks, [&](nn::Team& team) {
    Crew crew = crew_of(team);
    crew.patience_seconds = patience;
    results[crew.rank] = check(crew);
  });
  for (const Result& r : results) {
    BOOST_TEST((r.verdict == results.front().verdict));
    BOOST_TEST(r.numeric == results.front().numeric, boost::test_tools::per_element());
    BOOST_TEST(r.evaluations == results.front().evaluations);
  }
  return results.front();
}

/// J that takes some time, so that pieces go to everybody.
double slow_cost(std::span<const double> t) {
  std::this_thread::sleep_for(std::chrono::microseconds(20));
  return cost(t);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(checks)

BOOST_DATA_TEST_CASE(any_number_of_ranks_has_the_result_of_one,
                     bdata::make({1, 2, 3, 4}) * bdata::make({false, true}) *
                         bdata::make({false, true}),
                     ranks, textbook, wrong) {
  const Gradient::Function gradient = wrong ? wrong_slope : slope;
  const Options options{.method = textbook ? Method::textbook : Method::adaptive};
  const Result one = check(cost, gradient, theta(), options);
  BOOST_TEST((one.verdict == (wrong ? Verdict::fail : Verdict::pass)));
  require_same(shared(ranks,
                      [&](const Crew& crew) {
                        return check_shared(crew, slow_cost, gradient, theta(), options);
                      }),
               one);
}

BOOST_AUTO_TEST_CASE(everybody_works) {
  std::vector<std::atomic<int>> calls(3);
  static_cast<void>(shared(3, [&](const Crew& crew) {
    return check_shared(
        crew,
        [&, rank = crew.rank](std::span<const double> t) {
          ++calls[rank];
          return slow_cost(t);
        },
        slope, theta());
  }));
  for (const auto& c : calls) BOOST_TEST(c > 100);
}

BOOST_AUTO_TEST_CASE(points_outside_the_domain_are_counted_as_one_rank_does) {
  const auto bounded = [](std::span<const double> t) {
    for (const double x : t) {
      if (x > 2.5) throw std::domain_error("an entry is above 2.5");
    }
    return slow_cost(t);
  };
  ParameterVector at = theta();
  at.values()[7] = 2.5;  // to one side of it J has no value
  for (double& x : at.values()) x = std::min(x, 2.5);
  const Result one = check(bounded, slope, at);
  BOOST_REQUIRE(!one.notes.empty());
  require_same(shared(3, [&](const Crew& crew) { return check_shared(crew, bounded, slope, at); }),
               one);
}

BOOST_AUTO_TEST_CASE(a_sample_is_the_same_sample) {
  const SampleOptions options{.count = 60};
  const SampleResult one = check_sample(cost, wrong_slope, theta(), options);
  std::vector<SampleResult> all(3);
  all_ranks(3, [&](nn::Team& team) {
    const Crew crew = crew_of(team);
    all[crew.rank] = check_sample_shared(crew, slow_cost, wrong_slope, theta(), options);
  });
  for (const SampleResult& s : all) {
    BOOST_TEST(s.positions == one.positions, boost::test_tools::per_element());
    BOOST_TEST(s.statement == one.statement);
    BOOST_TEST((s.result.verdict == one.result.verdict));
  }
  require_same(all.front().result, one.result);
}

BOOST_DATA_TEST_CASE(directions_are_the_same_directions, bdata::make({false, true}), wrong) {
  const Gradient::Function gradient = wrong ? wrong_slope : slope;
  const DirectionResult one = check_directions(cost, gradient, theta());
  std::vector<DirectionResult> all(3);
  all_ranks(3, [&](nn::Team& team) {
    const Crew crew = crew_of(team);
    all[crew.rank] = check_directions_shared(crew, slow_cost, gradient, theta());
  });
  for (const DirectionResult& d : all) {
    BOOST_TEST((d.verdict == one.verdict));
    BOOST_TEST(d.statement == one.statement);
    BOOST_TEST(d.miss == one.miss);
    BOOST_TEST(d.evaluations == one.evaluations);
    BOOST_REQUIRE(d.slopes.size() == one.slopes.size());
    for (std::size_t i = 0; i < d.slopes.size(); ++i) {
      BOOST_TEST(d.slopes[i].numeric == one.slopes[i].numeric);
      BOOST_TEST(d.slopes[i].bar == one.slopes[i].bar);
    }
  }
}

BOOST_DATA_TEST_CASE(a_network_is_checked_alike, bdata::make({1, 2, 3}), ranks) {
  const nn::Dataset data = nn::test::spiral(6);
  const auto check = [&](const Crew* crew) {
    nn::Sequential model = nn::test::stateful_model();
    Tape tape;
    const nn::RecordedCost recorded = nn::record_cost(tape, model, data.inputs, data.labels, {});
    NetworkOptions options;
    options.frozen_masks = true;
    options.crew = crew;
    return check_network(recorded, options);
  };
  require_same(shared(ranks, [&](const Crew& crew) { return check(&crew); }), check(nullptr));
}

BOOST_AUTO_TEST_CASE(what_a_lost_rank_had_is_done_by_others_and_said) {
  const Result one = check(cost, slope, theta());
  Result led;
  all_ranks(3, [&](nn::Team& team) {
    Crew crew = crew_of(team);
    crew.patience_seconds = 0.5;
    if (crew.rank == 2) {  // takes a request, and is gone
      static_cast<void>(crew.receive(30));
      return;
    }
    const Result r = check_shared(crew, slow_cost, slope, theta());
    if (crew.rank == 0) led = r;
  });
  BOOST_REQUIRE(led.notes.size() == one.notes.size() + 1);
  BOOST_TEST(led.notes.back() ==
             "rank 2 did not answer for 0.5 s after 0 evaluations: it was given up, and its probes "
             "were evaluated by others");
  led.notes.pop_back();
  require_same(led, one);
}

BOOST_AUTO_TEST_CASE(what_one_rank_cannot_compute_others_do) {
  const Result one = check(cost, slope, theta());
  Result led = shared(3, [&](const Crew& crew) {
    return check_shared(
        crew,
        [rank = crew.rank](std::span<const double> t) {
          if (rank == 1) throw std::bad_alloc();
          return slow_cost(t);
        },
        slope, theta());
  });
  BOOST_REQUIRE(led.notes.size() == one.notes.size() + 1);
  BOOST_TEST(led.notes.back().find("rank 1 could not evaluate J") == 0u);
  led.notes.pop_back();
  require_same(led, one);
}

BOOST_AUTO_TEST_CASE(what_rank_0_throws_ends_the_check_everywhere) {
  const auto broken = [](std::span<const double>, std::span<double>) {
    throw std::runtime_error("no gradient today");
  };
  const auto thrown = nn::test::on_ranks(3, [&](nn::Team& team) {
    static_cast<void>(check_shared(crew_of(team), cost, broken, theta()));
  });
  BOOST_TEST(nn::test::said<std::runtime_error>(thrown[0]) == "no gradient today");
  BOOST_TEST(nn::test::said<std::runtime_error>(thrown[2]) ==
             "shared check: rank 2 of 3: rank 0 ended the check: no gradient today");
}

BOOST_AUTO_TEST_CASE(what_a_rank_writes_into_theta_is_told_to_rank_0) {
  const auto writes = [](std::size_t rank) {
    return [rank](std::span<const double> t) {
      if (rank == 1) const_cast<double&>(t[1]) = std::nextafter(t[1], 9.0);
      return slow_cost(t);
    };
  };
  const SampleOptions drawn{.entries = {5, 17, 60, 100, 130, 190, 203, 239}};
  std::vector<SampleResult> samples(2);
  all_ranks(2, [&](nn::Team& team) {
    const Crew crew = crew_of(team);
    samples[crew.rank] = check_sample_shared(crew, writes(crew.rank), slope, theta(), drawn);
  });
  const std::string said =
      "the cost wrote into the theta that it was lent: later probes saw other parameters";
  BOOST_TEST(std::ranges::count(samples.front().result.notes, said) == 1);
}

BOOST_AUTO_TEST_CASE(a_budget_is_refused) {
  const Options within{.budget = Budget{.seconds = 1}};
  const auto refused = [](const std::string& by, const std::function<void(const Crew&)>& check) {
    const auto thrown = nn::test::on_ranks(2, [&](nn::Team& team) { check(crew_of(team)); });
    for (const auto& t : thrown) {
      BOOST_TEST(nn::test::said<OptionError>(t).find("budget: " + by + " does not plan") == 0u);
    }
  };
  refused("check_shared", [&](const Crew& crew) {
    static_cast<void>(check_shared(crew, cost, slope, theta(), within));
  });
  refused("check_probes_shared", [&](const Crew& crew) {
    static_cast<void>(check_probes_shared(
        crew, [](auto, auto) {}, Gradient(slope), theta(), within));
  });
  refused("check_sample_shared", [&](const Crew& crew) {
    static_cast<void>(check_sample_shared(crew, cost, slope, theta(), {.check = within}));
  });
  refused("check_directions_shared", [&](const Crew& crew) {
    static_cast<void>(check_directions_shared(crew, cost, slope, theta(), {.check = within}));
  });
  const nn::Dataset data = nn::test::spiral(6);
  refused("check_network with a crew", [&](const Crew& crew) {
    nn::Sequential model = nn::test::stateful_model();
    Tape tape;
    const nn::RecordedCost recorded = nn::record_cost(tape, model, data.inputs, data.labels, {});
    NetworkOptions options;
    options.frozen_masks = true;
    options.budget = within.budget;
    options.crew = &crew;
    static_cast<void>(check_network(recorded, options));
  });
}

BOOST_AUTO_TEST_CASE(a_silent_rank_0_is_an_error) {
  const auto thrown = nn::test::on_ranks(2, [&](nn::Team& team) {
    Crew crew = crew_of(team);
    crew.idle_seconds = 0.1;
    if (crew.rank == 1) static_cast<void>(check_shared(crew, cost, slope, theta()));
  });
  BOOST_TEST(nn::test::said<std::runtime_error>(thrown[1]).find("nothing came from rank 0") !=
             std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
