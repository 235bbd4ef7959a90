#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "autodiff/tensor.hpp"

namespace dtheta::onnx_tests {

/// ONNX's numbers of the element types that occur here.
enum class ElementType : int {
  none = 0,
  float32 = 1,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float64 = 11,
};

[[nodiscard]] constexpr bool is_real(ElementType type) {
  return type == ElementType::float32 || type == ElementType::float64;
}

/// A tensor of a file. Elements of every type are held as double, which is exact for all values
/// that occur but the largest of int64; those are limits that mean "to the end".
struct Data {
  std::string name;
  ElementType type = ElementType::none;
  Tensor values;
};

using Attribute =
    std::variant<Index, double, std::string, std::vector<Index>, std::vector<double>,
                 std::vector<std::string>, Data, std::monostate>;  // monostate: a graph

struct Node {
  std::string op;
  std::vector<std::string> inputs;  // empty: left out
  std::vector<std::string> outputs;
  std::map<std::string, Attribute> attributes;
};

/// The declared type of an input or output of a model.
struct Port {
  std::string name;
  ElementType type = ElementType::none;  // none: not a tensor but a sequence, an optional, ...
};

/// A model file, without its subgraphs.
struct Model {
  Index opset = 0;
  std::vector<Node> nodes;
  std::vector<Data> initializers;
  std::vector<Port> inputs;
  std::vector<Port> outputs;
};

/// Both throw std::runtime_error for a file that cannot be read.
[[nodiscard]] Model read_model(const std::filesystem::path& file);
[[nodiscard]] Data read_data(const std::filesystem::path& file);

}  // namespace dtheta::onnx_tests
