#include "nn/inspect/picture.hpp"

#include <fmt/format.h>

#include <vector>

#include "autodiff/tape.hpp"

namespace dtheta::nn {
namespace {

/// As it may stand between quotation marks.
std::string quoted(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    if (c == '"' || c == '\\') safe += '\\';
    safe += c;
  }
  return safe;
}

std::string record_line(const Tape& tape, std::uint32_t i) {
  const Node& node = tape.node(i);
  const std::string shape = to_string(node.type->shape);
  if (node.role == Role::leaf) {
    const std::string_view name = tape.name(i);
    return fmt::format("n{} [shape=ellipse, label=\"{}\\n{}\"];\n", i,
                       name.empty() ? "leaf" : quoted(name), shape);
  }
  return fmt::format("n{} [label=\"{}\\n{}\"];\n", i, quoted(node.op->info.name), shape);
}

}  // namespace

std::string to_dot(const Tape& tape, std::span<const LayerCall> calls) {
  std::string text = "digraph tape {\nnode [shape=box];\n";
  std::vector<std::uint32_t> ends;  // of the frames that are open
  std::size_t next = 0;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    for (; !ends.empty() && ends.back() <= i; ends.pop_back()) text += "}\n";
    for (; next < calls.size() && calls[next].first_node <= i; ++next) {
      if (calls[next].end_node <= i) continue;  // it recorded nothing
      const LayerCall& call = calls[next];
      text += fmt::format("subgraph cluster_{} {{\nlabel=\"{}{}{}\";\n", next, quoted(call.path),
                          call.path.empty() ? "" : " ", quoted(call.type));
      ends.push_back(call.end_node);
    }
    if (tape.node(i).role != Role::constant) text += record_line(tape, i);
  }
  for (std::size_t i = 0; i < ends.size(); ++i) text += "}\n";
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    for (const std::uint32_t from : tape.inputs(i)) {
      if (tape.node(from).role != Role::constant) text += fmt::format("n{} -> n{};\n", from, i);
    }
  }
  return text + "}\n";
}

}  // namespace dtheta::nn
