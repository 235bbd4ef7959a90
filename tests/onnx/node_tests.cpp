#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <iostream>

#include "cases.hpp"
#include "gradient.hpp"
#include "interpreter.hpp"

namespace dtheta::onnx_tests {
namespace {

/// How many cases ended how; printed when the program ends.
struct Counts {
  int pass = 0, unsupported = 0, fail = 0;
  int gradients = 0, inconclusive = 0;

  ~Counts() {
    if (pass + unsupported + fail == 0) return;
    std::cout << fmt::format(
        "ONNX node tests: {} pass, {} unsupported, {} fail; {} others out of scope. "
        "Gradients of {} checked, {} of them inconclusive\n",
        pass, unsupported, fail, cases_left_out(), gradients, inconclusive);
  }
};
Counts counts;

/// The expected values were computed in float32, with 2^-24 relative error for each rounding: the
/// elements agree to 1e-5 relative, which allows about 170 of them, or, where terms cancelled, to
/// 1e-6 (17 roundings) of the largest element. 1e-7 is the absolute tolerance of ONNX's own runner.
bool near(double actual, double expected, double largest) {
  if (std::isnan(expected) || std::isinf(expected)) {
    return std::isnan(expected) ? std::isnan(actual) : actual == expected;
  }
  return std::abs(actual - expected) <= 1e-5 * std::abs(expected) + std::max(1e-7, 1e-6 * largest);
}

/// What is wrong with a value; empty if nothing is.
std::string difference(const Value& actual, const Data& expected) {
  if (actual.var.shape() != expected.values.shape()) {
    return fmt::format("shape {} instead of {}", to_string(actual.var.shape()),
                       to_string(expected.values.shape()));
  }
  const auto a = actual.var.data<double>(), e = expected.values.data<double>();
  double largest = 0;
  for (double v : e) {
    if (std::isfinite(v)) largest = std::max(largest, std::abs(v));
  }
  for (std::size_t i = 0; i < e.size(); ++i) {
    const bool good = is_real(expected.type) ? near(a[i], e[i], largest) : a[i] == e[i];
    if (!good) return fmt::format("element {}: {} instead of {}", i, a[i], e[i]);
  }
  return {};
}

/// Throws Unsupported.
std::string run(const Case& c, const Model& model, const std::vector<Data>& inputs) {
  Tape tape;
  const Recording recording = record(tape, model, inputs);
  const std::vector<Data> expected = read_all(c, "output");
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string wrong = difference(recording.outputs.at(i), expected[i]);
    if (!wrong.empty()) return fmt::format("output {}: {}", i, wrong);
  }
  return {};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(onnx_node_tests)

BOOST_DATA_TEST_CASE(agrees_and_has_the_right_gradient,
                     boost::unit_test::data::make(cases_in_scope()), c) {
  const Model model = read_model(c.directory / "model.onnx");
  const std::vector<Data> inputs = read_all(c, "input");
  const bool listed = unsupported_cases().contains(c.name);
  try {
    const std::string wrong = run(c, model, inputs);
    ++(wrong.empty() ? counts.pass : counts.fail);
    BOOST_TEST(wrong == "");
    BOOST_TEST(!listed, c.name << " is listed as unsupported, but it can be run");
  } catch (const Unsupported& e) {
    ++counts.unsupported;
    BOOST_TEST(listed, c.name << " is not listed as unsupported: " << e.what());
    return;
  } catch (const std::exception& e) {
    ++counts.fail;
    BOOST_ERROR(c.name << ": " << e.what());
    return;
  }
  const auto result = check_gradient(model, inputs);
  if (!result) return;
  ++counts.gradients;
  if (result->verdict == gradcheck::Verdict::inconclusive) {
    ++counts.inconclusive;
    BOOST_TEST_MESSAGE(c.name << ": " << *result);
  }
  BOOST_TEST((result->verdict != gradcheck::Verdict::fail), *result);
}

BOOST_AUTO_TEST_CASE(only_known_cases_are_listed_as_unsupported) {
  for (const auto& [name, lack] : unsupported_cases()) {
    const bool known =
        std::ranges::find(cases_in_scope(), name, &Case::name) != cases_in_scope().end();
    BOOST_TEST((known || !lack.is_of_these_data()), name << " is no case in scope");
    BOOST_TEST(!lack.reason.empty(), name << " is listed without a reason");
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::onnx_tests
