// Functions that are not functions, and costs in parts.
#include "gradcheck/purity.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>
#include <thread>

#include "gradcheck/parts.hpp"

namespace gc = dtheta::gradcheck;
using Span = std::span<const double>;
using Out = std::span<double>;
using Values = std::vector<double>;

namespace {

double square(Span t) {
  double sum = 0.0;
  for (const double v : t) sum += v * v;
  return sum;
}

void square_gradient(Span t, Out g) {
  for (std::size_t i = 0; i < t.size(); ++i) g[i] = 2.0 * t[i];
}

const gc::ParameterVector theta = gc::unnamed(Values{0.5, -1.0, 2.0});

bool says(const gc::PurityResult& result, const char* words) {
  return std::ranges::any_of(result.findings, [&](const std::string& finding) {
    return finding.find(words) != std::string::npos;
  });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(purity)

BOOST_AUTO_TEST_CASE(a_pure_pair_passes) {
  const auto result = gc::check_purity(square, square_gradient, theta);
  BOOST_TEST(bool(result));
  BOOST_TEST(result.alias_safe);
  BOOST_TEST(result.findings.empty());
}

BOOST_AUTO_TEST_CASE(accumulation_without_zeroing_is_found) {
  const auto adds = [](Span t, Out g) {
    for (std::size_t i = 0; i < t.size(); ++i) g[i] += 2.0 * t[i];
  };
  const auto result = gc::check_gradient_purity(adds, theta);
  BOOST_TEST(!result.gradient_overwrites);
  BOOST_TEST(says(result, "adds to what its buffer held"));
  const auto checked = gc::check(square, adds, theta);
  BOOST_TEST((checked.verdict == gc::Verdict::fail));
  BOOST_TEST(checked.notes.back().find("adds to what its buffer held") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(inner_accumulation_is_found) {
  Values inner(3, 0.0);
  const auto keeps = [&](Span t, Out g) {
    for (std::size_t i = 0; i < t.size(); ++i) g[i] = inner[i] += 2.0 * t[i];
  };
  const auto result = gc::check_gradient_purity(keeps, theta);
  BOOST_TEST(!result.gradient_repeats);
  BOOST_TEST(says(result, "doubles"));
}

BOOST_AUTO_TEST_CASE(unwritten_entries_are_found) {
  const auto forgets = [](Span t, Out g) { g[0] = 2.0 * t[0]; };
  const auto result = gc::check_gradient_purity(forgets, theta);
  BOOST_TEST(!result.gradient_writes_all);
  BOOST_TEST(says(result, "2 of 3 entries"));
}

BOOST_AUTO_TEST_CASE(answers_to_the_same_question_are_told_apart) {
  using gc::Unsteadiness;
  const auto of = [](const Values& answers) { return gc::unsteadiness_of(answers); };
  BOOST_TEST((of({1.0, 1.0, 1.0, 1.0, 1.0, 1.0}) == Unsteadiness::none));
  BOOST_TEST((of({1.0, 1.0 + 0x1p-52, 1.0, 1.0, 1.0, 1.0}) == Unsteadiness::rounding));
  BOOST_TEST((of({1.0, 1.1, 1.2, 1.25, 1.27, 1.28}) == Unsteadiness::drift));
  BOOST_TEST((of({1.0, 0.9, 0.8, 0.79, 0.785, 0.784}) == Unsteadiness::drift));
  BOOST_TEST((of({1.0, 1.1, 0.9, 1.2, 1.3, 1.4}) == Unsteadiness::random));
  BOOST_TEST((of({1.0, 1.1}) == Unsteadiness::random));  // too few for a drift
}

namespace {

bool notes_say(const gc::Result& result, const char* words) {
  return std::ranges::any_of(
      result.notes, [&](const std::string& note) { return note.find(words) != std::string::npos; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(dropout_that_draws_anew) {
  std::mt19937_64 bits(7);
  const auto dropped = [&](Span t) {
    double sum = 0.0;
    for (const double v : t) sum += bits() % 2 == 0 ? 2.0 * v * v : 0.0;
    return sum + 0.01 * static_cast<double>(bits() % 97);
  };
  const auto result = gc::check_purity(dropped, square_gradient, theta);
  BOOST_TEST((result.unsteadiness == gc::Unsteadiness::random));
  BOOST_TEST(says(result, "unseeded dropout"));
  const auto checked = gc::check(dropped, square_gradient, theta);
  BOOST_TEST((checked.verdict == gc::Verdict::inconclusive), checked);
  BOOST_TEST(notes_say(checked, "unseeded dropout"), checked);
}

// Batch normalisation in training mode: a running mean moves towards the batch's with each call.
BOOST_AUTO_TEST_CASE(running_statistics_drift) {
  double mean = 0.0;
  const auto running = [&](Span t) {
    mean += 0.1 * (t[0] - mean);
    return square(t) + mean;
  };
  const auto result = gc::check_purity(running, square_gradient, theta);
  BOOST_TEST((result.unsteadiness == gc::Unsteadiness::drift));
  BOOST_TEST(says(result, "running statistics"));
  BOOST_TEST(!says(result, "dropout"));
  mean = 0.0;
  const auto checked = gc::check(running, square_gradient, theta);
  BOOST_TEST(!checked);
  BOOST_TEST(notes_say(checked, "drifts from call to call"), checked);
}

BOOST_AUTO_TEST_CASE(sums_in_changing_order) {
  int calls = 0;
  const auto rounding = [&](Span t) { return square(t) * (1.0 + 0x1p-51 * (++calls % 2)); };
  const auto result = gc::check_purity(rounding, square_gradient, theta);
  BOOST_TEST((result.unsteadiness == gc::Unsteadiness::rounding));
  BOOST_TEST(says(result, "race"));
}

BOOST_AUTO_TEST_CASE(memory_of_where_it_was) {
  double seen = 0.0;
  const auto remembers = [&](Span t) {
    const double before = seen;
    seen = square(t);
    return seen + (before != 0.0 && before != seen ? 0.1 : 0.0);
  };
  const auto result = gc::check_purity(remembers, square_gradient, theta);
  BOOST_TEST(result.cost_repeats);
  BOOST_TEST(!result.cost_forgets);
  BOOST_TEST(says(result, "running statistics"));
  seen = 0.0;
  const auto checked = gc::check(remembers, square_gradient, theta);
  BOOST_TEST(!checked);
  BOOST_TEST(notes_say(checked, "it remembers"), checked);
}

namespace {

/// A cost with a buffer that its callers share. It waits a while for company before it reads back.
class Shared {
 public:
  double operator()(Span t) {
    const int ticket = ++calls_;
    buffer_ = square(t);
    for (int wait = 0; wait < 20000 && calls_ == ticket; ++wait) std::this_thread::yield();
    return buffer_;
  }

 private:
  std::atomic<int> calls_ = 0;
  std::atomic<double> buffer_ = 0.0;
};

}  // namespace

// One thread gets the same bits each time; several write over each other's work.
BOOST_AUTO_TEST_CASE(races_show_with_several_threads_only) {
  Shared racing;
  const auto cost = [&](Span t) { return racing(t); };
  BOOST_TEST(bool(gc::check_purity(cost, square_gradient, theta)));
  const auto result = gc::check_purity(cost, square_gradient, theta, {}, 4);
  BOOST_TEST(result.cost_repeats);
  BOOST_TEST(!result.threads_agree);
  BOOST_TEST(says(result, "several threads"));
  BOOST_TEST(gc::threads_agree(square, theta, 4));

  gc::Options options;
  BOOST_TEST(gc::check(cost, square_gradient, theta, options));
  options.threads = 4;
  const auto checked = gc::check(cost, square_gradient, theta, options);
  BOOST_TEST(!checked);
  BOOST_TEST(notes_say(checked, "several threads"), checked);
  BOOST_TEST(gc::check(square, square_gradient, theta, options));
}

BOOST_AUTO_TEST_CASE(writes_into_theta_and_buffers_are_found) {
  const auto writes = [](Span t) {
    const_cast<double&>(t[0]) += 1e-3;
    return 1.0;
  };
  BOOST_TEST(!gc::check_purity(writes, square_gradient, theta).theta_untouched);
  Values data{1.0, 2.0};
  const auto touches = [&](Span t, Out g) {
    data[1] += 1.0;
    square_gradient(t, g);
  };
  const std::vector<std::span<const std::byte>> watched{std::as_bytes(std::span(data))};
  const auto result = gc::check_purity(square, touches, theta, watched);
  BOOST_TEST(!result.buffers_untouched);
}

BOOST_AUTO_TEST_CASE(a_gradient_over_theta_is_noticed_but_allowed) {
  const auto reads_late = [](Span t, Out g) {
    g[0] = 2.0 * t[0];
    g[1] = 2.0 * t[1] + 0.0 * t[0];
    g[2] = 2.0 * t[2] + (t[0] == 0.5 ? 0.0 : 1.0);
  };
  const auto result = gc::check_gradient_purity(reads_late, theta);
  BOOST_TEST(bool(result));
  BOOST_TEST(!result.alias_safe);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(parts)

namespace {

constexpr double lambda = 1e-8;

gc::CostPart data_part() {
  return {"data", [](Span t) { return 5.0 + std::sin(t[0]) * t[1] + std::exp(t[2]); },
          [](Span t, Out g) {
            g[0] = std::cos(t[0]) * t[1];
            g[1] = std::sin(t[0]);
            g[2] = std::exp(t[2]);
          }};
}

gc::CostPart penalty(double factor) {
  return {"L2", [](Span t) { return 0.5 * lambda * square(t); },
          [factor](Span t, Out g) {
            for (std::size_t i = 0; i < t.size(); ++i) g[i] = factor * lambda * t[i];
          }};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tiny_regulariser_is_checked_by_itself) {
  const std::vector<gc::CostPart> right{data_part(), penalty(1.0)};
  BOOST_TEST(bool(gc::check_parts(right, theta)));
  const std::vector<gc::CostPart> wrong{data_part(), penalty(2.0)};
  const auto result = gc::check_parts(wrong, theta);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST(bool(result.part("data")));
  BOOST_TEST((result.part("L2").verdict == gc::Verdict::fail));
  BOOST_TEST(result.notes.front().find("L2: ") == 0U);
}

BOOST_AUTO_TEST_CASE(a_part_that_the_whole_gradient_forgot) {
  const std::vector<gc::CostPart> terms{data_part(), penalty(1.0)};
  gc::CostPart whole{"whole", [&](Span t) { return terms[0].cost(t) + terms[1].cost(t); },
                     terms[0].gradient};
  const auto result = gc::check_parts(terms, theta, {}, &whole);
  BOOST_TEST(result.costs_add_up);
  BOOST_TEST(!result.gradients_add_up);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  whole.cost = terms[0].cost;
  BOOST_TEST(!gc::check_parts(terms, theta, {}, &whole).costs_add_up);
}

// The data term divided by m = 4 once too often, beside a penalty that is right.
BOOST_AUTO_TEST_CASE(a_part_that_the_whole_gradient_has_a_quarter_of) {
  const std::vector<gc::CostPart> terms{data_part(),
                                        {"ridge", [](Span t) { return 0.5 * square(t); },
                                         [](Span t, Out g) { std::ranges::copy(t, g.begin()); }}};
  const gc::CostPart whole{"whole", [&](Span t) { return terms[0].cost(t) + terms[1].cost(t); },
                           [&](Span t, Out g) {
                             terms[0].gradient(t, g);
                             for (std::size_t i = 0; i < t.size(); ++i) g[i] = 0.25 * g[i] + t[i];
                           }};
  gc::Options options;
  options.hints.examples = 4;
  const auto result = gc::check_parts(terms, theta, options, &whole);
  BOOST_TEST(!result.gradients_add_up);
  BOOST_TEST(result.notes.back().find("the gradient of data enters 1/m (m = 4) times") !=
                 std::string::npos,
             result.notes.back());
}

BOOST_AUTO_TEST_SUITE_END()
