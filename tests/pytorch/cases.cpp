// Values and gradients beside PyTorch's, as tests/pytorch/fixtures.py has written them down.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta {
namespace {

namespace data = boost::unit_test::data;
using nlohmann::json;

const json& cases() {
  static const json all = [] {
    std::ifstream file(DTHETA_TEST_DATA "/pytorch.json");
    // Python writes NaN and Infinity as such, which JSON does not know: null stands for NaN.
    std::string text{std::istreambuf_iterator<char>(file), {}};
    for (std::size_t at; (at = text.find("NaN")) != std::string::npos;) text.replace(at, 3, "null");
    return json::parse(text)["cases"];
  }();
  return all;
}

const testing::CaseFunctions& functions() {
  static const testing::CaseFunctions all = [] {
    testing::CaseFunctions f;
    testing::add_index_functions(f);
    testing::add_loss_functions(f);
    testing::add_matrix_functions(f);
    testing::add_elementwise_functions(f);
    testing::add_network_functions(f);
    return f;
  }();
  return all;
}

Shape shape_of(const json& t) {
  const auto dims = t["shape"].get<std::vector<Index>>();
  return Shape(std::span<const Index>(dims));
}

std::vector<double> numbers_of(const json& t) {
  std::vector<double> numbers;
  for (const json& v : t["values"]) {
    numbers.push_back(v.is_null() ? std::nan("") : v.get<double>());
  }
  return numbers;
}

Tensor tensor_of(const json& t) {
  if (t["kind"] == "index") {
    const auto values = t["values"].get<std::vector<Index>>();
    return Tensor(shape_of(t), std::span<const Index>(values));
  }
  const std::vector<double> values = numbers_of(t);
  return Tensor(shape_of(t), std::span<const double>(values));
}

/// Both sides round some tens of terms, each relative to the largest.
void expect_near(const std::string& what, Var found, const json& wanted) {
  constexpr double tolerance = 1e-12;
  const Tensor value = found.value();
  BOOST_TEST_CONTEXT(what) {
    BOOST_REQUIRE_MESSAGE((value.shape() == shape_of(wanted)),
                          to_string(value.shape()) << " for " << to_string(shape_of(wanted)));
    if (wanted["kind"] == "index") {
      BOOST_TEST((value == tensor_of(wanted)));
      return;
    }
    const std::vector<double> numbers = numbers_of(wanted);
    double largest = 1;
    for (const double v : numbers)
      largest = std::isnan(v) ? largest : std::max(largest, std::abs(v));
    const auto ours = value.data<double>();
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const bool same = std::isnan(numbers[i])
                            ? std::isnan(ours[i])
                            : std::abs(ours[i] - numbers[i]) <= tolerance * largest;
      if (!same) BOOST_ERROR("element " << i << ": " << ours[i] << ", PyTorch has " << numbers[i]);
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(beside_pytorch)

BOOST_DATA_TEST_CASE(values_and_gradients, data::xrange(cases().size()), number) {
  const json& c = cases()[number];
  const std::string name = c["name"];
  BOOST_TEST_CONTEXT("case " << number << ", " << name) {
    const auto f = functions().find(name);
    BOOST_REQUIRE(f != functions().end());
    Tape tape;
    std::vector<Var> operands, asked;
    for (const json& t : c["operands"]) operands.push_back(tape.leaf(tensor_of(t)));
    const std::vector<Var> results = f->second(operands);
    BOOST_REQUIRE_EQUAL(results.size(), c["results"].size());
    Var total = tape.constant(0.0);
    for (std::size_t i = 0; i < results.size(); ++i) {
      expect_near("result " + std::to_string(i), results[i], c["results"][i]);
      if (c["cotangents"][i].is_null()) continue;
      total = total + sum(results[i] * tape.constant(tensor_of(c["cotangents"][i])));
    }
    for (std::size_t i = 0; i < operands.size(); ++i) {
      if (c["gradients"][i].is_null()) continue;
      expect_near("gradient " + std::to_string(i), grad(total, operands[i]), c["gradients"][i]);
    }
  }
}

// A function that no case asks for is not tested.
BOOST_AUTO_TEST_CASE(every_function_has_a_case) {
  std::set<std::string> known;
  for (const json& c : cases()) known.insert(c["name"]);
  for (const auto& [name, f] : functions()) BOOST_TEST(known.contains(name), name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
