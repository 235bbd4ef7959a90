// Functions that are not functions, and costs in parts.
#include "gradcheck/purity.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>

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

BOOST_AUTO_TEST_CASE(randomness_state_and_rounding_are_told_apart) {
  int calls = 0;
  const auto random = [&](Span t) { return square(t) * (1.0 + 0.1 * (++calls % 3)); };
  BOOST_TEST(says(gc::check_purity(random, square_gradient, theta), "dropout"));
  const auto rounding = [&](Span t) { return square(t) * (1.0 + 0x1p-51 * (++calls % 2)); };
  BOOST_TEST(says(gc::check_purity(rounding, square_gradient, theta), "race"));
  double seen = 0.0;
  const auto running = [&](Span t) {
    const double before = seen;
    seen = t[0];
    return square(t) + (before != 0.0 && before != t[0] ? 0.1 : 0.0);
  };
  const auto result = gc::check_purity(running, square_gradient, theta);
  BOOST_TEST(result.cost_repeats);
  BOOST_TEST(!result.cost_forgets);
  BOOST_TEST(says(result, "running statistics"));
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

BOOST_AUTO_TEST_SUITE_END()
