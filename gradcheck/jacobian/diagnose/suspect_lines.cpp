// Rows and columns that are off by factors of their own, and where all that is wrong stands.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "gradcheck/jacobian/patch.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// A row or a column that is not right.
struct Line {
  std::size_t at = 0;
  Ratio ratio;
  bool zero = false;
};

/// The lines that are wrong, if each is a multiple of the right one.
std::vector<Line> scaled_lines(const Patch& patch, bool rows) {
  std::vector<Line> lines;
  for (std::size_t l = 0; l < (rows ? patch.rows : patch.columns); ++l) {
    const auto entries = rows ? row_entries(patch, l) : column_entries(patch, l);
    if (std::ranges::none_of(entries,
                             [&](std::size_t e) { return patch.usable[e] && patch.wrong(e); })) {
      continue;
    }
    const Ratio ratio = ratio_over(patch, entries);
    if (!ratio.consistent) return {};
    const bool zero = std::ranges::all_of(
        entries, [&](std::size_t e) { return !patch.usable[e] || patch.analytic[e] == 0.0; });
    lines.push_back({l, ratio, zero});
  }
  return lines;
}

struct Form {
  const char* text;
  double (*value)(double);
};

/// What is missing of a column: functions of the input.
constexpr std::array<Form, 9> of_input{{{"x", [](double x) { return x; }},
                                        {"2 x", [](double x) { return 2.0 * x; }},
                                        {"1/x", [](double x) { return 1.0 / x; }},
                                        {"exp(x)", [](double x) { return std::exp(x); }},
                                        {"exp(-x)", [](double x) { return std::exp(-x); }},
                                        {"-sin(x)", [](double x) { return -std::sin(x); }},
                                        {"cos(x)", [](double x) { return std::cos(x); }},
                                        {"1 - x^2", [](double x) { return 1.0 - x * x; }},
                                        {"x (1 - x)", [](double x) { return x * (1.0 - x); }}}};

/// What is missing of a row: functions of the output.
constexpr std::array<Form, 7> of_output{{{"f", [](double f) { return f; }},
                                         {"2 f", [](double f) { return 2.0 * f; }},
                                         {"1/f", [](double f) { return 1.0 / f; }},
                                         {"1/(2 f)", [](double f) { return 0.5 / f; }},
                                         {"exp(f)", [](double f) { return std::exp(f); }},
                                         {"1 - f^2", [](double f) { return 1.0 - f * f; }},
                                         {"f (1 - f)", [](double f) { return f * (1.0 - f); }}}};

/// The form that says what all of these lines lack; null if none does.
template <std::size_t N>
const Form* form_of(const std::array<Form, N>& forms, const std::vector<Line>& lines,
                    const std::vector<double>& numbers) {
  for (const Form& form : forms) {
    const bool all = std::ranges::all_of(lines, [&](const Line& line) {
      const double missing = form.value(numbers[line.at]);
      return std::abs(missing * line.ratio.factor - 1.0) <= line.ratio.uncertainty + 1e-5;
    });
    if (all) return &form;
  }
  return nullptr;
}

std::string names_of(const std::vector<Line>& lines, const std::vector<std::string>& names) {
  constexpr std::size_t most = 4;
  std::vector<std::string> some;
  for (const Line& line : lines) {
    if (some.size() < most) some.push_back(names[line.at]);
  }
  const std::string text = fmt::format("{}", fmt::join(some, ", "));
  return lines.size() > most ? fmt::format("{} and {} more", text, lines.size() - most) : text;
}

bool same_factor(const std::vector<Line>& lines) {
  return std::ranges::all_of(lines, [&](const Line& line) {
    const double first = lines.front().ratio.factor;
    return std::abs(line.ratio.factor - first) <=
           (line.ratio.uncertainty + lines.front().ratio.uncertainty) * std::abs(first);
  });
}

class Lines {
 public:
  Lines(const Patch& patch, bool rows)
      : patch_(patch), rows_(rows), lines_(scaled_lines(patch, rows)) {}

  void suspect(std::vector<JacobianCause>& causes) {
    if (lines_.empty()) return;
    // What all lines have in common is said of the whole (suspect_values.cpp).
    if (lines_.size() == (rows_ ? patch_.rows : patch_.columns) && same_factor(lines_)) return;
    where_ = names_of(lines_, rows_ ? patch_.row_names : patch_.column_names);
    for (const Line& line : lines_) witnesses_ += line.ratio.witnesses;
    if (std::ranges::all_of(lines_, &Line::zero)) {
      return add(causes, JacobianPattern::zero, 0.0, 0, "all zero, but f does move");
    }
    if (by_weights(causes) || by_form(causes)) return;
    if (same_factor(lines_)) return by_factor(causes);
    if (rows_) {
      add(causes, JacobianPattern::weights, 0.0, lines_.size(),
          "each off by a factor of its own: as by weights, or the square root of the information, "
          "that f applies and the Jacobian does not");
    } else {
      add(causes, JacobianPattern::chain_factor, 0.0, lines_.size(),
          "each off by a factor of its own: an inner derivative or a unit is missing");
    }
  }

 private:
  void add(std::vector<JacobianCause>& causes, JacobianPattern pattern, double amount,
           std::size_t free, const std::string& what) const {
    causes.push_back({pattern, amount, sureness_of(witnesses_, free) - 0.01, where_,
                      fmt::format("{}: {}{} {}: {}", patch_.name, rows_ ? "row" : "column",
                                  lines_.size() > 1 ? "s" : "", where_, what)});
  }

  bool by_weights(std::vector<JacobianCause>& causes) const {
    if (!rows_ || patch_.weights.empty()) return false;
    const auto is = [&](bool inverse) {
      return std::ranges::all_of(lines_, [&](const Line& line) {
        const double w = patch_.weights[line.at];
        const double missing = inverse ? w : 1.0 / w;
        return std::abs(missing / line.ratio.factor - 1.0) <= line.ratio.uncertainty + 1e-5;
      });
    };
    if (is(false)) {
      add(causes, JacobianPattern::weights, 0.0, 0,
          "the weights are in f, but not in the Jacobian");
    } else if (is(true)) {
      add(causes, JacobianPattern::weights, 0.0, 0, "weighted once more than f is");
    } else {
      return false;
    }
    return true;
  }

  bool by_form(std::vector<JacobianCause>& causes) const {
    // A factor that all share needs no function to explain it, unless it stands in one line.
    if (lines_.size() > 1 && same_factor(lines_)) return false;
    if (lines_.size() == 1 && name_ratio(lines_.front().ratio).named) return false;
    const Form* form =
        rows_ ? form_of(of_output, lines_, patch_.f) : form_of(of_input, lines_, patch_.x);
    if (form == nullptr) return false;
    add(causes, rows_ ? JacobianPattern::outer_factor : JacobianPattern::chain_factor,
        lines_.front().ratio.factor, 0,
        fmt::format("the factor {} is missing: {}", form->text,
                    rows_ ? "the outer derivative, a function of the output"
                          : "the inner derivative, a function of the input x"));
    return true;
  }

  void by_factor(std::vector<JacobianCause>& causes) const {
    const Ratio& ratio = lines_.front().ratio;
    const FactorName name = name_ratio(ratio);
    const bool inner = !rows_ && name.pattern == JacobianPattern::factor;
    add(causes, inner ? JacobianPattern::chain_factor : name.pattern, ratio.factor,
        name.named ? 0 : 1,
        name.sentence + (inner ? ": an inner derivative or a unit is missing" : ""));
  }

  const Patch& patch_;
  bool rows_;
  std::vector<Line> lines_;
  std::string where_;
  std::size_t witnesses_ = 0;
};

}  // namespace

void suspect_lines(const Patch& patch, std::vector<JacobianCause>& causes) {
  if (patch.columns > 1) Lines(patch, true).suspect(causes);
  if (patch.rows > 1) Lines(patch, false).suspect(causes);
}

void suspect_places(const Patch& patch, std::vector<JacobianCause>& causes) {
  std::vector<bool> row(patch.rows, false), column(patch.columns, false);
  std::size_t wrong = 0, entry = 0;
  for (std::size_t e = 0; e < patch.size(); ++e) {
    if (!patch.usable[e] || !patch.wrong(e)) continue;
    ++wrong;
    entry = e;
    row[e / patch.columns] = true;
    column[e % patch.columns] = true;
  }
  if (wrong == 0) return;
  const auto rows = static_cast<std::size_t>(std::ranges::count(row, true));
  const auto columns = static_cast<std::size_t>(std::ranges::count(column, true));
  if (wrong == 1) {
    const std::string place = fmt::format("{} by {}", patch.row_names[entry / patch.columns],
                                          patch.column_names[entry % patch.columns]);
    Ratio ratio = ratio_over(patch, {entry});
    const FactorName name = name_ratio(ratio);
    const bool sign = ratio.consistent && name.pattern == JacobianPattern::sign;
    const std::string more = patch.analytic[entry] == 0.0     ? " (it is zero, but f does move)"
                             : sign                           ? " (its sign)"
                             : ratio.consistent && name.named ? fmt::format(" ({})", name.sentence)
                                                              : "";
    causes.push_back({JacobianPattern::one_entry, ratio.factor, 0.7, place,
                      fmt::format("only {} is wrong{}", place, more)});
    return;
  }
  const auto name = [&](const std::vector<bool>& marked, const std::vector<std::string>& names) {
    std::vector<std::string> some;
    for (std::size_t k = 0; k < marked.size(); ++k) {
      if (marked[k]) some.push_back(names[k]);
    }
    return fmt::format("{}", fmt::join(some, ", "));
  };
  // One output has no columns, and one input no rows: what is wrong of it is said of the whole.
  constexpr std::size_t few = 3;
  if (patch.columns > 1 && rows <= few && rows * 2 <= patch.rows && rows <= columns) {
    const std::string where = name(row, patch.row_names);
    causes.push_back(
        {JacobianPattern::row_wrong, 0.0, 0.6, where,
         rows == 1
             ? fmt::format("all that is wrong stands in row {}: look at that output", where)
             : fmt::format("all that is wrong stands in rows {}: look at those outputs", where)});
  } else if (patch.rows > 1 && columns <= few && columns * 2 <= patch.columns) {
    const std::string where = name(column, patch.column_names);
    causes.push_back(
        {JacobianPattern::column_wrong, 0.0, 0.6, where,
         columns == 1
             ? fmt::format("all that is wrong stands in column {}: look at that input", where)
             : fmt::format("all that is wrong stands in columns {}: look at those inputs", where)});
  }
}

}  // namespace dtheta::gradcheck::detail
