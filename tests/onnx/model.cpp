#include "model.hpp"

#include <onnx/onnx_pb.h>

#include <cstring>
#include <fstream>
#include <stdexcept>

namespace dtheta::onnx_tests {
namespace {

template <class Message>
Message parse(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  Message message;
  if (!message.ParseFromIstream(&in)) {
    throw std::runtime_error("cannot read " + file.string());
  }
  return message;
}

template <class List>
std::vector<Index> to_indices(const List& list) {
  return {list.begin(), list.end()};
}

/// Little-endian elements of type T, as double.
template <class T>
void read_raw(const std::string& bytes, std::span<double> out) {
  if (bytes.size() != out.size() * sizeof(T)) throw std::runtime_error("tensor of a wrong size");
  for (std::size_t i = 0; i < out.size(); ++i) {
    T element;
    std::memcpy(&element, bytes.data() + i * sizeof(T), sizeof(T));
    out[i] = static_cast<double>(element);
  }
}

template <class List>
void read_list(const List& list, std::span<double> out) {
  if (static_cast<std::size_t>(list.size()) != out.size()) {
    throw std::runtime_error("tensor of a wrong size");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = static_cast<double>(list.Get(static_cast<int>(i)));
  }
}

Data to_data(const onnx::TensorProto& proto) {
  Data data{proto.name(), static_cast<ElementType>(proto.data_type()),
            Tensor(Shape(std::span<const Index>(to_indices(proto.dims()))))};
  const std::span<double> out = data.values.data<double>();
  const bool raw = proto.has_raw_data();
  switch (proto.data_type()) {
    case onnx::TensorProto::FLOAT:
      raw ? read_raw<float>(proto.raw_data(), out) : read_list(proto.float_data(), out);
      break;
    case onnx::TensorProto::DOUBLE:
      raw ? read_raw<double>(proto.raw_data(), out) : read_list(proto.double_data(), out);
      break;
    case onnx::TensorProto::INT32:
      raw ? read_raw<std::int32_t>(proto.raw_data(), out) : read_list(proto.int32_data(), out);
      break;
    case onnx::TensorProto::INT64:
      raw ? read_raw<std::int64_t>(proto.raw_data(), out) : read_list(proto.int64_data(), out);
      break;
    case onnx::TensorProto::BOOL:
      raw ? read_raw<std::uint8_t>(proto.raw_data(), out) : read_list(proto.int32_data(), out);
      break;
    default:
      break;  // such cases are left out
  }
  return data;
}

Attribute to_attribute(const onnx::AttributeProto& proto) {
  switch (proto.type()) {
    case onnx::AttributeProto::INT:
      return Index{proto.i()};
    case onnx::AttributeProto::FLOAT:
      return static_cast<double>(proto.f());
    case onnx::AttributeProto::STRING:
      return proto.s();
    case onnx::AttributeProto::INTS:
      return to_indices(proto.ints());
    case onnx::AttributeProto::FLOATS:
      return std::vector<double>(proto.floats().begin(), proto.floats().end());
    case onnx::AttributeProto::STRINGS:
      return std::vector<std::string>(proto.strings().begin(), proto.strings().end());
    case onnx::AttributeProto::TENSOR:
      return to_data(proto.t());
    default:
      return std::monostate{};
  }
}

Node to_node(const onnx::NodeProto& proto) {
  Node node{proto.op_type(),
            {proto.input().begin(), proto.input().end()},
            {proto.output().begin(), proto.output().end()},
            {}};
  for (const onnx::AttributeProto& a : proto.attribute()) {
    node.attributes.emplace(a.name(), to_attribute(a));
  }
  return node;
}

Port to_port(const onnx::ValueInfoProto& proto) {
  return {proto.name(), static_cast<ElementType>(proto.type().tensor_type().elem_type())};
}

}  // namespace

Model read_model(const std::filesystem::path& file) {
  const auto proto = parse<onnx::ModelProto>(file);
  Model model;
  for (const auto& opset : proto.opset_import()) {
    if (opset.domain().empty()) model.opset = opset.version();
  }
  for (const auto& node : proto.graph().node()) model.nodes.push_back(to_node(node));
  for (const auto& data : proto.graph().initializer()) model.initializers.push_back(to_data(data));
  for (const auto& port : proto.graph().input()) model.inputs.push_back(to_port(port));
  for (const auto& port : proto.graph().output()) model.outputs.push_back(to_port(port));
  return model;
}

Data read_data(const std::filesystem::path& file) {
  return to_data(parse<onnx::TensorProto>(file));
}

}  // namespace dtheta::onnx_tests
