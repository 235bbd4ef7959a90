#include "interpreter.hpp"

#include <algorithm>
#include <unordered_map>

#include "rules.hpp"

namespace dtheta::onnx_tests {
namespace {

/// The values of a graph by name.
class Graph {
 public:
  Graph(Tape& tape, const Model& model, Recording& recording, const MakeLeaf& make_leaf)
      : tape_(tape), model_(model), recording_(recording), make_leaf_(make_leaf) {}

  void add(const std::string& name, const Data& data) {
    const Var v = is_real(data.type) ? make_leaf_(tape_, data, recording_.leaves)
                                     : tape_.constant(data.values);
    values_[name] = {v, data.type};
  }

  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }

  [[nodiscard]] Value find(const std::string& name) const {
    if (name.empty()) return {};  // an input that is left out
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::runtime_error("no value named " + name);
    return found->second;
  }

  void run(const Node& node) {
    Values inputs;
    for (const std::string& name : node.inputs) inputs.push_back(find(name));
    const Call call(tape_, node, std::move(inputs), model_.opset,
                    [this](const std::string& name) { return find(name); });
    const Values outputs = find_rule(node.op)(call);
    for (std::size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i].empty()) continue;
      if (i >= outputs.size()) throw Unsupported(node.op + " with its output " + node.outputs[i]);
      values_[node.outputs[i]] = outputs[i];
    }
  }

 private:
  Tape& tape_;
  const Model& model_;
  Recording& recording_;
  const MakeLeaf& make_leaf_;
  std::unordered_map<std::string, Value> values_;
};

}  // namespace

Rule find_rule(std::string_view op) {
  static const std::unordered_map<std::string_view, Rule> table = [] {
    std::unordered_map<std::string_view, Rule> rules;
    for (const auto& family :
         {elementwise_rules(), reduction_rules(), shape_rules(), index_rules(), matrix_rules(),
          window_rules(), resize_rules(), sampling_rules(), normalization_rules(), loss_rules(),
          recurrent_rules(), optimizer_rules()}) {
      for (const NamedRule& r : family) rules.emplace(r.op, r.rule);
    }
    return rules;
  }();
  const auto found = table.find(op);
  if (found == table.end()) throw Unsupported("no rule for " + std::string(op));
  return found->second;
}

Var plain_leaf(Tape& tape, const Data& data, std::vector<Var>& leaves) {
  leaves.push_back(tape.leaf(data.values, data.name));
  return leaves.back();
}

Recording record(Tape& tape, const Model& model, const std::vector<Data>& inputs,
                 const MakeLeaf& make_leaf) {
  Recording recording;
  Graph graph(tape, model, recording, make_leaf);
  for (const Data& data : model.initializers) graph.add(data.name, data);
  // Older files list the weights among the inputs.
  std::size_t given = 0;
  for (const Port& port : model.inputs) {
    if (given < inputs.size() && !graph.has(port.name)) graph.add(port.name, inputs[given++]);
  }
  for (const Node& node : model.nodes) graph.run(node);
  for (const Port& port : model.outputs) recording.outputs.push_back(graph.find(port.name));
  return recording;
}

}  // namespace dtheta::onnx_tests
