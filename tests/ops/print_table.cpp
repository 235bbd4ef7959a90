// Prints the table of docs/ops-edges.md and the reasons below it: what each op is held to at its edges.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/ops/edges/exempt.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace {

using namespace dtheta;
using gradcheck::Edge;

/// a, b, ... z, aa, ab, ...
std::string letters(std::size_t i) {
  const std::string last(1, static_cast<char>('a' + i % 26));
  return i < 26 ? last : letters(i / 26 - 1) + last;
}

/// Reasons in the order in which they are met.
class Reasons {
 public:
  std::string letter(std::string_view reason) {
    const auto found = std::ranges::find(list_, reason);
    const auto at = static_cast<std::size_t>(found - list_.begin());
    if (found == list_.end()) list_.emplace_back(reason);
    return letters(at);
  }
  void print() const {
    for (std::size_t i = 0; i < list_.size(); ++i) {
      fmt::print("- **{}**: {}.\n", letters(i), list_[i]);
    }
  }

 private:
  std::vector<std::string> list_;
};

std::string cell(const gradcheck::OpReport& report, std::size_t edge, Reasons& reasons) {
  const std::string_view reason = gradcheck::exempt(report.op, static_cast<Edge>(edge));
  if (!reason.empty()) return reasons.letter(reason);
  const gradcheck::EdgeCell& found = report.edges[edge];
  if (found.draws == 0) return "-";
  if (static_cast<Edge>(edge) != Edge::range) return fmt::format("{}", found.draws);
  return fmt::format("{}, {:.2g}", found.draws, found.worst);
}

}  // namespace

int main() {
  std::vector<const OpRecord*> ops(all_ops().begin(), all_ops().end());
  std::ranges::sort(ops, {}, [](const OpRecord* op) { return op->info.name; });
  fmt::print("| op | special points | whole range: draws, ulp | infinities | NaN | empty axes |\n");
  fmt::print("|---|--:|--:|--:|--:|--:|\n");
  Reasons reasons;
  for (const OpRecord* op : ops) {
    const gradcheck::OpReport report = gradcheck::edge_test(*op);
    fmt::print("| {}", op->info.name);
    for (std::size_t edge = 0; edge < gradcheck::edge_count; ++edge) {
      fmt::print(" | {}", cell(report, edge, reasons));
    }
    fmt::print(" |\n");
  }
  fmt::print("\n");
  reasons.print();
}
