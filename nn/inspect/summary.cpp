#include "nn/inspect/summary.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/tape.hpp"
#include "nn/inspect/multiply_adds.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {
namespace {

bool is_below(std::string_view path, std::string_view above) {
  return above.empty() || (path.starts_with(above) && path.substr(above.size()).starts_with('.'));
}

/// Whether a call is that of a listed layer: one that is not goes by its caller's path, but has
/// none of its parameters.
bool is_listed(const ModelFields& fields, const LayerCall& call) {
  return std::ranges::any_of(fields.modules, [&](const ModelFields::Module& m) {
    return m.path == call.path && m.type == call.type;
  });
}

/// Bytes of the values that stand between two records, leaves and constants apart.
Index bytes_between(const Tape& tape, std::uint32_t first, std::uint32_t end) {
  Index bytes = 0;
  for (std::uint32_t i = first; i < end; ++i) {
    const Node& node = tape.node(i);
    if (node.role != Role::op || node.op->info.view) continue;
    const auto width = node.type->kind == Kind::index ? sizeof(Index) : size_of(tape.precision());
    bytes += node.type->shape.size() * static_cast<Index>(width);
  }
  return bytes;
}

Index products_between(const Tape& tape, std::uint32_t first, std::uint32_t end) {
  Index sum = 0;
  for (std::uint32_t i = first; i < end; ++i) sum += detail::multiply_adds(tape, i);
  return sum;
}

SummaryRow row_of(const Tape& tape, const ModelFields& fields, const LayerCall& call) {
  SummaryRow row{.path = call.path,
                 .type = call.type,
                 .depth = call.depth,
                 .outputs = call.outputs,
                 .multiply_adds = products_between(tape, call.first_node, call.end_node),
                 .bytes = bytes_between(tape, call.first_node, call.end_node)};
  if (!is_listed(fields, call)) return row;
  for (const auto& p : fields.parameters) {
    if (is_below(p.path, call.path)) row.parameters += p.member->value.size();
  }
  return row;
}

/// 12345678 as 12,345,678.
std::string grouped(Index n) {
  std::string digits = fmt::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

std::string bytes_text(Index bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.1f} KB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

/// What a row says, column by column.
std::vector<std::string> cells_of(const SummaryRow& row) {
  const std::string indent(2 * static_cast<std::size_t>(row.depth), ' ');
  std::vector<std::string> shapes;
  for (const Shape& s : row.outputs) shapes.push_back(to_string(s));
  const auto number = [](Index n) { return n == 0 ? std::string("-") : grouped(n); };
  return {indent + (row.path.empty() ? "model" : row.path),
          row.type,
          fmt::format("{}", fmt::join(shapes, " ")),
          number(row.parameters),
          number(row.multiply_adds),
          row.bytes == 0 ? "-" : bytes_text(row.bytes)};
}

}  // namespace

bool detail::is_pending(const ModelView& model) {
  const ModelFields fields = model.fields();
  return std::ranges::any_of(fields.parameters, [](const auto& p) { return p.member->pending; });
}

Summary detail::summarize(const ModelView& model, const Tensor& input, DType precision) {
  Tape tape(precision);
  const ModelFields fields = model.fields();
  Recording recording(tape, fields, Mode::evaluate);
  static_cast<void>(model.forward(recording, tape.leaf(input, "input")));
  Summary s;
  for (const LayerCall& call : recording.calls()) s.rows.push_back(row_of(tape, fields, call));
  for (const auto& p : fields.parameters) {
    const Index count = p.member->value.size();
    s.parameters += count;
    if (p.member->trainable) s.trainable += count;
  }
  s.multiply_adds = products_between(tape, 0, tape.size());
  s.parameter_bytes = s.parameters * static_cast<Index>(size_of(precision));
  s.value_bytes = bytes_between(tape, 0, tape.size());
  return s;
}

std::string to_string(const Summary& s) {
  std::vector<std::vector<std::string>> table{
      {"layer", "type", "output", "parameters", "multiply-adds", "values"}};
  for (const SummaryRow& row : s.rows) table.push_back(cells_of(row));
  std::vector<std::size_t> widths(table[0].size(), 0);
  for (const auto& row : table) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : table) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {  // words to the left, numbers to the right
      line += i < 3 ? fmt::format("{:<{}}", row[i], widths[i])
                    : fmt::format("{:>{}}", row[i], widths[i]);
      line += "  ";
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + '\n';
  }
  text += fmt::format("\n{} parameters, {} of them trainable, {}\n", grouped(s.parameters),
                      grouped(s.trainable), bytes_text(s.parameter_bytes));
  text += fmt::format("{} multiply-adds, values of {}\n", grouped(s.multiply_adds),
                      bytes_text(s.value_bytes));
  return text;
}

}  // namespace dtheta::nn
