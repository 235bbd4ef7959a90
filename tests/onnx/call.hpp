#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/tape.hpp"
#include "model.hpp"

namespace dtheta::onnx_tests {

/// A case that asks for what the library does not have.
struct Unsupported : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A value of the graph. Integers and booleans are real constants on the tape: arithmetic on them
/// is exact, and those that say what an op should do are read back from the record at once.
struct Value {
  Var var;
  ElementType type = ElementType::float32;
};
using Values = std::vector<Value>;

/// One node and the values of its inputs.
class Call {
 public:
  using Lookup = std::function<Value(const std::string&)>;
  Call(Tape& tape, const Node& node, Values inputs, Index opset, Lookup lookup)
      : tape_(tape),
        node_(node),
        in_(std::move(inputs)),
        opset_(opset),
        lookup_(std::move(lookup)) {}

  [[nodiscard]] Tape& tape() const { return tape_; }
  [[nodiscard]] Index opset() const { return opset_; }
  [[nodiscard]] std::size_t output_count() const { return node_.outputs.size(); }

  [[nodiscard]] std::size_t size() const { return in_.size(); }
  /// Whether there is an input i; those left out at the end, or by an empty name, are not.
  [[nodiscard]] bool has(std::size_t i) const { return i < in_.size() && in_[i].var.exists(); }
  [[nodiscard]] Var operator[](std::size_t i) const;
  [[nodiscard]] ElementType type(std::size_t i = 0) const { return in_[i].type; }
  /// All inputs.
  [[nodiscard]] std::vector<Var> vars() const;
  /// A value by its name in the graph.
  [[nodiscard]] Value value(const std::string& name) const { return lookup_(name); }

  // Inputs that are not differentiated by, read on the spot.
  [[nodiscard]] std::vector<double> numbers(std::size_t i) const;
  [[nodiscard]] std::vector<Index> integers(std::size_t i) const;
  [[nodiscard]] double number(std::size_t i) const { return numbers(i).at(0); }
  [[nodiscard]] Index integer(std::size_t i) const { return integers(i).at(0); }
  /// Input i as an index tensor.
  [[nodiscard]] Var indices(std::size_t i) const;

  // Attributes.
  [[nodiscard]] bool has(std::string_view name) const;
  [[nodiscard]] Index integer(std::string_view name, Index otherwise) const;
  [[nodiscard]] double number(std::string_view name, double otherwise) const;
  [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] std::vector<Index> integers(std::string_view name,
                                            std::vector<Index> otherwise = {}) const;
  [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
  [[nodiscard]] const Data& data(std::string_view name) const;
  [[nodiscard]] int axis(Index otherwise) const {
    return static_cast<int>(integer("axis", otherwise));
  }

  /// Integers that newer versions of an op pass as input i and older ones as an attribute.
  [[nodiscard]] std::optional<std::vector<Index>> integers(std::size_t i,
                                                           std::string_view name) const;

  // Results.
  /// A result of the type of the first input.
  [[nodiscard]] Values like(Var v) const { return {{v, type()}}; }
  [[nodiscard]] static Values of(Var v, ElementType type) { return {{v, type}}; }
  /// Integers known on the spot.
  [[nodiscard]] Value constant(const Shape& shape, std::span<const Index> values) const;
  /// An index tensor as a value of the graph.
  [[nodiscard]] Value from_indices(Var v) const;

 private:
  template <class T>
  [[nodiscard]] const T* find(std::string_view name) const;

  Tape& tape_;
  const Node& node_;
  Values in_;
  Index opset_;
  Lookup lookup_;
};

[[nodiscard]] Axes to_axes(std::span<const Index> axes);
[[nodiscard]] Shape to_shape(std::span<const Index> dims);

/// The range of axes [first, rank).
[[nodiscard]] std::vector<Index> axes_from(int first, int rank);
/// x with axis `from` moved to place `to`.
[[nodiscard]] Var move_axis(Var x, int from, int to);

}  // namespace dtheta::onnx_tests
