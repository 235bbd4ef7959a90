#include "cases.hpp"

#include <onnx/common/version.h>

#include <algorithm>
#include <fstream>
#include <ostream>
#include <set>
#include <stdexcept>
#include <string_view>

namespace dtheta::onnx_tests {
namespace {

namespace fs = std::filesystem;

/// Operators that are random: their expected output is one draw of another generator. (Dropout
/// is in: its masks can be had.)
const std::set<std::string>& random_operators() {
  static const std::set<std::string> names{"Bernoulli",     "Multinomial",
                                           "RandomNormal",  "RandomNormalLike",
                                           "RandomUniform", "RandomUniformLike"};
  return names;
}

/// Operators on quantised integers, on texts or on lists of tensors.
bool is_of_other_data(const std::string& op) {
  return op.starts_with("QLinear") || op.ends_with("QuantizeLinear") || op == "DequantizeLinear" ||
         op.ends_with("Integer") || op == "TfIdfVectorizer" || op.starts_with("String") ||
         op.find("Sequence") == 0 || op.ends_with("Sequence") || op.starts_with("Optional");
}

/// Cases whose expected values are not those of the operator, to the digits compared here: the
/// windows were computed with 3.1415 for pi, and Adam with an epsilon of 0.01 that the model lacks.
const std::set<std::string>& wrong_expectations() {
  static const std::set<std::string> names{"node/test_adam_multiple",
                                           "node/test_blackmanwindow_expanded",
                                           "node/test_blackmanwindow_symmetric_expanded",
                                           "node/test_hammingwindow_expanded",
                                           "node/test_hammingwindow_symmetric_expanded",
                                           "node/test_hannwindow_expanded",
                                           "node/test_hannwindow_symmetric_expanded"};
  return names;
}

bool is_known(ElementType type) {
  switch (type) {
    case ElementType::float32:
    case ElementType::float64:
    case ElementType::int32:
    case ElementType::int64:
    case ElementType::boolean:
      return true;
    default:
      return false;
  }
}

struct Found {
  std::vector<Case> in_scope;
  std::size_t left_out = 0;
};

Found find_cases() {
  Found found;
  for (const char* kind : {"node", "pytorch-converted", "pytorch-operator", "simple"}) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(fs::path(DTHETA_ONNX_DATA) / kind, missing)) {
      const Case c{std::string(kind) + "/" + entry.path().filename().string(), entry.path()};
      const bool out = wrong_expectations().contains(c.name) ||
                       out_of_scope(read_model(entry.path() / "model.onnx"));
      if (out) {
        ++found.left_out;
      } else {
        found.in_scope.push_back(c);
      }
    }
  }
  std::ranges::sort(found.in_scope, {}, &Case::name);
  return found;
}

const Found& found_cases() {
  static const Found found = find_cases();
  return found;
}

}  // namespace

std::optional<std::string> out_of_scope(const Model& model) {
  bool real = false;
  for (const auto* ports : {&model.inputs, &model.outputs}) {
    for (const Port& port : *ports) {
      if (!is_known(port.type)) return "has half-precision, narrow, text or list values";
      real = real || is_real(port.type);
    }
  }
  if (!real) return "has integers and booleans only";
  for (const Node& node : model.nodes) {
    if (random_operators().contains(node.op)) return "is random";
    if (node.op != "ReverseSequence" && is_of_other_data(node.op)) {
      return "is about quantised, text or list values";
    }
  }
  return std::nullopt;
}

std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.name; }

const std::vector<Case>& cases_in_scope() { return found_cases().in_scope; }
std::size_t cases_left_out() { return found_cases().left_out; }

std::vector<Data> read_all(const Case& c, const std::string& kind) {
  std::vector<Data> all;
  for (int i = 0;; ++i) {
    const fs::path file =
        c.directory / "test_data_set_0" / (kind + "_" + std::to_string(i) + ".pb");
    if (!fs::exists(file)) return all;
    all.push_back(read_data(file));
  }
}

bool Lack::is_of_these_data() const {
  return version.empty() || std::string_view(onnx::LAST_RELEASE_VERSION).starts_with(version + ".");
}

const std::map<std::string, Lack>& unsupported_cases() {
  static const std::map<std::string, Lack> list = [] {
    std::map<std::string, Lack> lines;
    std::ifstream in(DTHETA_ONNX_UNSUPPORTED);
    if (!in) throw std::runtime_error("cannot read " DTHETA_ONNX_UNSUPPORTED);
    // NAME [VERSION] REASON, of which the version is there only where it is said.
    std::string name, reason;
    while (in >> name && std::getline(in >> std::ws, reason)) {
      Lack& lack = lines[name];
      if (const auto end = reason.find("] "); reason.starts_with('[') && end != reason.npos) {
        lack.version = reason.substr(1, end - 1);
        reason.erase(0, end + 2);
      }
      lack.reason = reason;
    }
    return lines;
  }();
  return list;
}

}  // namespace dtheta::onnx_tests
