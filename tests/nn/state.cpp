#include "nn/state.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "data/files.hpp"
#include "nn/initialize.hpp"
#include "nn/layers/dropout.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/norm/batch_norm.hpp"
#include "nn/layers/sequential.hpp"
#include "nn/layers/spatial/conv.hpp"
#include "nn/layers/spatial/pooling.hpp"
#include "nn/train/evaluator.hpp"

namespace dtheta::nn::test {
namespace {

/// Paths 0.weight, 0.bias, 1.weight, 1.bias, 1.running_mean, 1.running_var, 4.weight, 4.bias.
Sequential network(Index hidden = 4) {
  return {Linear(3, hidden), BatchNorm(hidden), Activation::relu, Dropout(0.5), Linear(hidden, 2)};
}

bool same(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  return std::ranges::equal(a, b, [](const NamedTensor& x, const NamedTensor& y) {
    return x.name == y.name && x.value == y.value;
  });
}

const Tensor inputs(Shape{2, 3}, {0.5, -1.0, 2.0, 0.0, 1.0, -0.5});

/// The tensors of a file; `change` may make another file of them.
std::vector<NamedTensor> tensors_of(const std::string& name) {
  const SafetensorsFile file(name);
  std::vector<NamedTensor> all;
  for (const auto& entry : file.entries()) all.push_back({entry.name, file.read(entry.name)});
  return all;
}

template <class E = ValueError>
std::string refusal(const std::string& file, Sequential& model, const LoadOptions& options = {}) {
  return message<E>([&] { return load(file, model, options); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state)

BOOST_AUTO_TEST_CASE(a_model_is_saved_and_loaded_by_paths) {
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  for (const auto& b : fields_of(model).buffers) {
    for (double& v : b.member->value.data<double>()) v += 0.25;
  }
  save(folder / "f", model, {.metadata = {{"epoch", "7"}}});
  std::vector<std::string> names;
  for (const auto& t : tensors_of(folder / "f")) names.push_back(t.name);
  BOOST_TEST(
      names == (std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "4.weight",
                                         "4.bias", "1.running_mean", "1.running_var"}),
      boost::test_tools::per_element());
  BOOST_TEST(SafetensorsFile(folder / "f").metadata().at("epoch") == "7");

  Sequential other = network();
  const LoadReport report = load(folder / "f", other);
  BOOST_TEST((report.missing.empty() && report.unexpected.empty()));
  BOOST_TEST(same(state_of(other), state_of(model)));
  BOOST_TEST((Evaluator(other, {3}).predict(inputs) == Evaluator(model, {3}).predict(inputs)));
}

BOOST_AUTO_TEST_CASE(what_was_loaded_needs_no_initialize_and_is_left_alone_by_it) {
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  save(folder / "f", model);
  Sequential other = network();
  BOOST_TEST(fields_of(other).parameters[0].member->pending);
  load(folder / "f", other);
  for (const auto& p : fields_of(other).parameters) BOOST_TEST(!p.member->pending, p.path);
  initialize(other, 2);  // for its dropout
  BOOST_TEST(same(state_of(other), state_of(model)));
}

BOOST_AUTO_TEST_CASE(half_the_bytes_keep_what_float32_keeps) {
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  for (const auto& p : fields_of(model).parameters) {
    p.member->value = p.member->value.to(DType::float32).to(DType::float64);
  }
  save(folder / "wide", model);
  save(folder / "narrow", model, {.dtype = DType::float32});
  BOOST_TEST(SafetensorsFile(folder / "narrow").find("0.weight")->dtype == "F32");
  BOOST_TEST(std::filesystem::file_size(folder / "narrow") <
             std::filesystem::file_size(folder / "wide"));
  Sequential other = network();
  load(folder / "narrow", other);
  BOOST_TEST(same(state_of(other), state_of(model)));
  BOOST_TEST((fields_of(other).parameters[0].member->value.dtype() == DType::float64));

  fields_of(model).parameters[1].member->value.data<double>()[2] = 1e39;
  const auto saving = [&](DType dtype) {
    return message<ValueError>([&] {
      save(folder / "narrow", model, {.dtype = dtype});
      return 0;
    });
  };
  BOOST_TEST(saving(DType::float32) == "save: element 2 of 0.bias is 1e+39, too large for float32");
  BOOST_TEST(saving(DType::int64) == "save: dtype int64, must be a real one");
  BOOST_TEST(saving(DType::float64).empty());
}

BOOST_AUTO_TEST_CASE(another_architecture_is_refused_with_all_names_and_nothing_is_loaded) {
  const TempFolder folder;
  Sequential deep{Linear(3, 5), BatchNorm(4), Linear(4, 2), Linear(2, 2, {.bias = false})};
  initialize(deep, 1);
  save(folder / "f", deep);
  Sequential model = network();
  initialize(model, 2);
  const std::vector<NamedTensor> before = state_of(model);
  BOOST_TEST(refusal(folder / "f", model) ==
             "load " + folder / "f" +
                 ": the file does not fit the model\n"
                 "  missing: 4.weight (2, 4), 4.bias (2)\n"
                 "  unexpected: 2.weight (2, 4), 2.bias (2), 3.weight (2, 2)\n"
                 "  different: 0.weight is (5, 3) in the file, (4, 3) in the model, 0.bias is (5) "
                 "in the file, (4) in the model");
  BOOST_TEST(same(state_of(model), before));
  // Shapes must fit in any case.
  BOOST_TEST(refusal(folder / "f", model, {.strict = false}) ==
             "load " + folder / "f" +
                 ": the file does not fit the model\n  different: 0.weight is (5, 3) in the file, "
                 "(4, 3) in the model, 0.bias is (5) in the file, (4) in the model");
  BOOST_TEST(same(state_of(model), before));
}

BOOST_AUTO_TEST_CASE(without_strict_what_meets_is_loaded) {
  const TempFolder folder;
  Sequential trunk{Linear(3, 4), BatchNorm(4), Linear(4, 7)};
  initialize(trunk, 1);
  save(folder / "f", trunk);
  Sequential model = network();
  const LoadReport report = load(folder / "f", model, {.strict = false});
  BOOST_TEST(report.missing == (std::vector<std::string>{"4.weight", "4.bias"}),
             boost::test_tools::per_element());
  BOOST_TEST(report.unexpected == (std::vector<std::string>{"2.weight", "2.bias"}),
             boost::test_tools::per_element());
  BOOST_TEST((fields_of(model).parameters[0].member->value ==
              fields_of(trunk).parameters[0].member->value));
  BOOST_TEST(message<StateError>([&] { return state_of(model); }) ==
             "state: 4.weight, 4.bias have no values yet: call initialize(model, seed), or load "
             "them");
  initialize(model, 3);
  BOOST_TEST((fields_of(model).parameters[0].member->value ==
              fields_of(trunk).parameters[0].member->value));
}

BOOST_AUTO_TEST_CASE(pytorchs_state_dict_is_loaded) {
  // What PyTorch keeps of Linear(3, 4), BatchNorm1d(4), ReLU, Dropout, Linear(4, 2).
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  std::vector<NamedTensor> tensors = state_of(model);
  tensors.push_back({"1.num_batches_tracked", Tensor(Shape{}, {Index{12}})});
  write_safetensors(folder / "f", tensors, {{"format", "pt"}});
  Sequential other = network();
  BOOST_TEST(load(folder / "f", other).unexpected.empty());
  BOOST_TEST(same(state_of(other), state_of(model)));
}

BOOST_AUTO_TEST_CASE(a_net_of_pytorch_says_here_what_it_said_there) {
  // Written by tests/pytorch/state_dict.py.
  const std::string file = DTHETA_TEST_DATA "/pytorch_net.safetensors";
  Sequential model{Conv2d(2, 3, 3, {.padding = 1}),
                   BatchNorm2d(3),
                   Activation::relu,
                   MaxPool2d(2),
                   Flatten(),
                   Linear(18, 4)};
  load(file, model);
  const Metadata metadata = SafetensorsFile(file).metadata();
  const auto numbers = [&](const char* name) {
    return nlohmann::json::parse(metadata.at(name)).get<std::vector<double>>();
  };
  Tape tape;
  Recording recording(tape, fields_of(model), Mode::evaluate);
  const std::vector<double> input = numbers("input"), wanted = numbers("output");
  const Tensor x(Shape{2, 2, 4, 6}, std::span<const double>(input));
  const Tensor y = recording(model, tape.leaf(x)).value();
  BOOST_REQUIRE(y.size() == static_cast<Index>(wanted.size()));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    // Both round some fifty terms of size one in double.
    BOOST_TEST(std::abs(y.data<double>()[i] - wanted[i]) <= 50 * 50 * 0x1p-53);
  }
}

BOOST_AUTO_TEST_CASE(a_model_inside_another_is_loaded_by_its_prefix) {
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  std::vector<NamedTensor> tensors;
  for (NamedTensor t : state_of(model)) tensors.push_back({"module.encoder." + t.name, t.value});
  tensors.push_back({"module.head.weight", Tensor(Shape{1})});
  write_safetensors(folder / "f", tensors);
  Sequential other = network();
  const LoadReport report = load(folder / "f", other, {.prefix = "module.encoder."});
  BOOST_TEST((report.missing.empty() && report.unexpected.empty()));
  BOOST_TEST(same(state_of(other), state_of(model)));
  BOOST_TEST(refusal(folder / "f", other).find("missing: 0.weight (4, 3)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(damage_found_on_the_way_changes_nothing) {
  const TempFolder folder;
  Sequential model = network();
  initialize(model, 1);
  const std::vector<NamedTensor> before = state_of(model);
  // The last tensor is of a type that cannot be read.
  save(folder / "f", model);
  Bytes bytes = read_file(folder / "f");
  const std::string name = R"("1.running_var":{"dtype":"F64")";
  const auto at = std::ranges::search(bytes, name).begin();
  *(at + static_cast<std::ptrdiff_t>(name.size()) - 2) = 'X';
  const std::string file = folder.file("g", bytes);
  initialize(model, 2);
  const std::vector<NamedTensor> now = state_of(model);
  BOOST_TEST(!same(before, now));
  BOOST_TEST(refusal<DataError>(file, model).find("tensor '1.running_var' is F6X") !=
             std::string::npos);
  BOOST_TEST(same(state_of(model), now));
}

BOOST_AUTO_TEST_CASE(a_model_without_values_is_not_saved) {
  const TempFolder folder;
  const Sequential model{Linear(2, 2, {.bias = false})};
  BOOST_TEST(message<StateError>([&] {
               save(folder / "f", model);
               return 0;
             }) == "state: 0.weight has no values yet: call initialize(model, seed), or load them");
  BOOST_TEST(folder.entries() == 0);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
