#include "gradcheck/cli/op_list_page.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace dtheta::gradcheck::cli {
namespace {

constexpr std::string_view introduction =
    R"(# The ops

Every op: what it computes, its derivative, and where both hold. This page is what
`gradcheck ops --list` prints. The rules stand in the ops themselves, in `autodiff/ops/`;
`gradcheck ops` holds them to differences, and [ops-edges.md](ops-edges.md) says what each is held to
at its edges.

y (or Y, a matrix) is the result, dy its differential and c a cotangent of it; what an operand
*receives* is what reverse mode hands to it. Other letters are operands and attributes. `log` is the
natural logarithm, phi and Phi the density and the distribution function of the standard normal
distribution, and `sum` and `mean` go over the axes that are reduced.
)";

/// What an op is beyond its rule: a word, what it means, and which ops have it.
struct Trait {
  std::string_view word;
  std::string_view meaning;
  bool (*of)(const OpRecord& op);
};

/// Whether one of the op's samples has this.
template <class Has>
bool any_sample(const OpRecord& op, Has has) {
  return std::ranges::any_of(op.samples(), has);
}

constexpr std::array traits{
    Trait{"elementwise", "one element at a time; operands broadcast, and a plan may fuse it",
          [](const OpRecord& op) { return op.is_elementwise(); }},
    Trait{"linear", "jointly linear in its real operands",
          [](const OpRecord& op) { return op.info.linear; }},
    Trait{"multilinear", "linear in each real operand alone",
          [](const OpRecord& op) { return op.info.multilinear; }},
    Trait{"corners", "has points without a derivative, where it is held to lie between two slopes",
          [](const OpRecord& op) {
            return any_sample(
                op, [](const SampleCase& s) { return s.smoothness == Smoothness::corner; });
          }},
    Trait{"indices", "takes indices or labels beside real operands",
          [](const OpRecord& op) {
            return any_sample(op, [](const SampleCase& s) {
              return std::ranges::any_of(
                  s.inputs, [](const SampleInput& in) { return in.kind == Kind::index; });
            });
          }},
    Trait{"complex", "analytic, with a kernel for complex numbers",
          [](const OpRecord& op) { return op.info.analytic; }},
    Trait{"batch", "has a rule for a leading axis along which it is repeated",
          [](const OpRecord& op) { return op.batch != nullptr; }},
    Trait{"view", "needs no memory: its operand under another name",
          [](const OpRecord& op) { return op.info.view; }},
};

std::vector<std::string_view> traits_of(const OpRecord& op) {
  std::vector<std::string_view> words;
  for (const Trait& t : traits) {
    if (t.of(op)) words.push_back(t.word);
  }
  return words;
}

std::string code(std::string_view text) {
  return text.empty() ? std::string() : fmt::format("`{}`", text);
}

/// The families in the order in which they are met.
std::vector<std::string_view> families_of(std::span<const ListedOp> ops) {
  std::vector<std::string_view> families;
  for (const ListedOp& op : ops) {
    if (std::ranges::find(families, op.family) == families.end()) families.push_back(op.family);
  }
  return families;
}

using Row = std::array<std::string, 6>;

Row row_of(const ListedOp& op) {
  const OpRecord& r = *op.record;
  return {std::string(r.info.name),
          code(op.rule.value),
          r.info.differentiable ? code(op.rule.derivative) : "none",
          code(op.rule.domain),
          r.info.arity == variadic ? "any" : fmt::format("{}", r.info.arity),
          fmt::format("{}", fmt::join(traits_of(r), ", "))};
}

/// A table whose columns stand below each other, but for cells that are much longer than others.
std::string table(const std::vector<Row>& rows) {
  constexpr std::array<std::size_t, 6> widest{30, 50, 60, 24, 8, 0};
  std::array<std::size_t, 6> width{};
  for (std::size_t column = 0; column < width.size(); ++column) {
    for (const Row& row : rows) {
      const std::size_t size = row[column].size();
      if (size <= widest[column]) width[column] = std::max(width[column], size);
    }
  }
  std::string text;
  for (const Row& row : rows) {
    text += '|';
    for (std::size_t column = 0; column < width.size(); ++column) {
      text += fmt::format(" {:<{}} |", row[column], width[column]);
    }
    text += '\n';
  }
  return text;
}

}  // namespace

std::string op_list_page(std::span<const ListedOp> ops) {
  std::string text(introduction);
  text += "\nTraits, after the number of operands:\n\n";
  for (const Trait& t : traits) text += fmt::format("- **{}**: {}.\n", t.word, t.meaning);
  for (const std::string_view family : families_of(ops)) {
    std::vector<Row> rows{{"op", "value", "derivative", "where", "operands", "traits"},
                          {"---", "---", "---", "---", "---", "---"}};
    for (const ListedOp& op : ops) {
      if (op.family == family) rows.push_back(row_of(op));
    }
    text += fmt::format("\n## {}\n\n{}", family, table(rows));
  }
  return text;
}

std::string op_list_json(std::span<const ListedOp> ops) {
  using Json = nlohmann::ordered_json;
  const auto or_null = [](std::string_view text) {
    return text.empty() ? Json(nullptr) : Json(text);
  };
  Json list = Json::array();
  for (const ListedOp& op : ops) {
    const int arity = op.record->info.arity;
    list.push_back({{"op", op.record->info.name},
                    {"family", op.family},
                    {"value", op.rule.value},
                    {"derivative", or_null(op.rule.derivative)},
                    {"domain", or_null(op.rule.domain)},
                    {"operands", arity == variadic ? Json(nullptr) : Json(arity)},
                    {"traits", traits_of(*op.record)}});
  }
  return Json{{"ops", std::move(list)}}.dump(2) + "\n";
}

}  // namespace dtheta::gradcheck::cli
