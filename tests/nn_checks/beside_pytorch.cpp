// Layers beside PyTorch's: the names and shapes of their parameters and buffers, values, gradients
// and what a step leaves in the buffers, as tests/nn_checks/fixtures.py has written them down.

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
#include "subject.hpp"

namespace dtheta::nn::test {
namespace {

namespace data = boost::unit_test::data;
using nlohmann::json;

const json& cases() {
  static const json all = [] {
    std::ifstream file(DTHETA_TEST_DATA "/pytorch_layers.json");
    return json::parse(file)["cases"];
  }();
  return all;
}

const Subjects& subjects() {
  static const Subjects all = [] {
    Subjects s;
    add_activation_subjects(s);
    add_attention_subjects(s);
    add_dense_subjects(s);
    add_norm_subjects(s);
    add_recurrent_subjects(s);
    add_window_subjects(s);
    return s;
  }();
  return all;
}

Tensor tensor_of(const json& t) {
  const auto dims = t["shape"].get<std::vector<Index>>();
  const Shape shape{std::span<const Index>(dims)};
  if (t["kind"] == "index") {
    const auto values = t["values"].get<std::vector<Index>>();
    return Tensor(shape, std::span<const Index>(values));
  }
  const auto values = t["values"].get<std::vector<double>>();
  return Tensor(shape, std::span<const double>(values));
}

/// Both sides round some hundreds of terms, each relative to the largest.
void expect_near(const std::string& what, const Tensor& found, const json& t) {
  constexpr double tolerance = 1e-12;
  const Tensor wanted = tensor_of(t);
  BOOST_TEST_CONTEXT(what) {
    BOOST_REQUIRE_EQUAL(to_string(found.shape()), to_string(wanted.shape()));
    const auto ours = found.data<double>(), theirs = wanted.data<double>();
    double largest = 1;
    for (const double v : theirs) largest = std::max(largest, std::abs(v));
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (std::abs(ours[i] - theirs[i]) <= tolerance * largest) continue;
      BOOST_ERROR("element " << i << ": " << ours[i] << ", PyTorch has " << theirs[i]);
    }
  }
}

/// Gives what a layer lists its values; all that PyTorch has is there, and nothing else.
template <class Members>
void load(const char* what, const Members& members, const json& wanted) {
  std::set<std::string> names, asked;
  for (const auto& m : members) names.insert(m.path);
  for (const auto& [path, t] : wanted.items()) asked.insert(path);
  BOOST_REQUIRE_EQUAL_COLLECTIONS(names.begin(), names.end(), asked.begin(), asked.end());
  for (const auto& m : members) {
    const Tensor value = tensor_of(wanted[m.path]);
    BOOST_TEST_CONTEXT(what << " " << m.path) {
      BOOST_REQUIRE_EQUAL(to_string(m.member->value.shape()), to_string(value.shape()));
    }
    m.member->value = value;
    if constexpr (requires { m.member->pending; }) m.member->pending = false;
  }
}

void expect_next_buffers(const Recording& recording, const json& wanted) {
  BOOST_REQUIRE_EQUAL(recording.buffers().size(), wanted.size());
  for (const RecordedBuffer& b : recording.buffers()) {
    expect_near("next " + b.name, b.next.exists() ? b.next.value() : b.var.value(), wanted[b.name]);
  }
}

void compare(const json& c, const Subject& subject) {
  const ModelFields fields = subject.fields();
  load("parameter", fields.parameters, c["parameters"]);
  load("buffer", fields.buffers, c["buffers"]);
  Tape tape;
  Recording recording(tape, subject.fields(), c["mode"] == "train" ? Mode::train : Mode::evaluate);
  std::vector<Var> inputs;
  for (const json& t : c["inputs"]) inputs.push_back(tape.leaf(tensor_of(t)));
  const std::vector<Var> results = subject.run(recording, inputs);
  BOOST_REQUIRE_EQUAL(results.size(), c["results"].size());
  Var total = tape.constant(0.0);
  for (std::size_t i = 0; i < results.size(); ++i) {
    expect_near("result " + std::to_string(i), results[i].value(), c["results"][i]);
    total = total + sum(results[i] * tape.constant(tensor_of(c["cotangents"][i])));
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (c["input_gradients"][i].is_null()) continue;
    expect_near("gradient of input " + std::to_string(i), grad(total, inputs[i]).value(),
                c["input_gradients"][i]);
  }
  BOOST_REQUIRE_EQUAL(recording.parameters().size(), fields.parameters.size());
  for (const RecordedParameter& p : recording.parameters()) {
    expect_near("gradient of " + p.name, grad(total, p.var).value(), c["gradients"][p.name]);
  }
  expect_next_buffers(recording, c["next"]);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(layers_beside_pytorch)

BOOST_DATA_TEST_CASE(names_values_and_gradients, data::xrange(cases().size()), number) {
  const json& c = cases()[number];
  const std::string name = c["name"];
  BOOST_TEST_CONTEXT("case " << number << ", " << name << ", " << c["mode"]) {
    const auto make = subjects().find(name);
    BOOST_REQUIRE(make != subjects().end());
    compare(c, make->second());
  }
}

// A layer that no case asks for is not tested.
BOOST_AUTO_TEST_CASE(every_layer_has_a_case) {
  std::set<std::string> known;
  for (const json& c : cases()) known.insert(c["name"]);
  for (const auto& [name, make] : subjects()) BOOST_TEST(known.contains(name), name);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
