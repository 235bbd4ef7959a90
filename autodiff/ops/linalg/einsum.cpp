#include "autodiff/ops/linalg/einsum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/diagonal.hpp"
#include "autodiff/ops/shape/rearrange.hpp"

namespace dtheta {
namespace {

/// One label for each axis: a letter, or a digit for an axis that "..." stands for, the last of
/// which is '0'.
using Labels = std::string;

bool has(const Labels& labels, char c) { return labels.find(c) != Labels::npos; }

Var permuted(Var x, const Labels& from, const Labels& to) {
  if (from == to) return x;
  std::array<int, max_rank> order{};
  for (std::size_t i = 0; i < to.size(); ++i) order[i] = static_cast<int>(from.find(to[i]));
  return permute(x, Axes(std::span<const int>(order.data(), to.size())));
}

/// The expression, taken apart.
class Expression {
 public:
  Expression(std::string_view text, std::span<const Var> operands) : text_(text) {
    for (char c : text) {
      if (c != ' ') compact_ += c;
    }
    const auto arrow = compact_.find("->");
    std::string_view left = std::string_view(compact_).substr(0, arrow);
    for (Var x : operands) {
      const auto comma = left.find(',');
      inputs.push_back(expanded(left.substr(0, comma), x.rank(), inputs.size()));
      require_rank(inputs.back(), x, inputs.size() - 1);
      const bool last = inputs.size() == operands.size();
      if (last != (comma == std::string_view::npos)) fail_count(operands.size());
      if (!last) left.remove_prefix(comma + 1);
    }
    if (operands.empty()) fail_count(0);
    if (arrow == std::string::npos)
      imply_output();
    else
      read_output(std::string_view(compact_).substr(arrow + 2));
  }

  std::vector<Labels> inputs;
  Labels output;

  [[noreturn]] void fail(std::string_view why) const {
    throw ValueError(fmt::format("einsum: '{}': {}", text_, why));
  }
  [[noreturn]] void fail_shapes(std::string_view why) const {
    throw ShapeError(fmt::format("einsum: '{}': {}", text_, why));
  }

 private:
  [[noreturn]] void fail_count(std::size_t operands) const {
    fail(fmt::format("{} operands are given, which is not their number here", operands));
  }

  /// The term with "..." replaced by the digits of the axes that it stands for. `rank` < 0: of as
  /// many as any input has.
  Labels expanded(std::string_view term, int rank, std::size_t which) {
    const auto dots = term.find("...");
    Labels letters(term.substr(0, dots));
    if (dots != std::string_view::npos) letters += term.substr(dots + 3);
    for (char c : letters) {
      if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) {
        fail(fmt::format("'{}' is not a letter", c));
      }
    }
    if (dots == std::string_view::npos) return letters;
    const int covered = rank < 0 ? dots_ : rank - static_cast<int>(letters.size());
    if (covered < 0) {
      fail_shapes(fmt::format("operand {} has {} axes, fewer than letters", which, rank));
    }
    dots_ = std::max(dots_, covered);
    Labels digits;
    for (int i = covered; i-- > 0;) digits += static_cast<char>('0' + i);
    return letters.insert(dots, digits);
  }

  void require_rank(const Labels& labels, Var x, std::size_t which) const {
    if (static_cast<int>(labels.size()) != x.rank()) {
      fail_shapes(fmt::format("operand {} has shape {}: {} axes, not {}", which,
                              to_string(x.shape()), x.rank(), labels.size()));
    }
  }

  void imply_output() {
    for (int i = dots_; i-- > 0;) output += static_cast<char>('0' + i);
    Labels all;
    for (const Labels& in : inputs) all += in;
    std::ranges::sort(all);
    for (char c : all) {
      if (c > '9' && std::ranges::count(all, c) == 1) output += c;
    }
  }

  void read_output(std::string_view term) {
    output = expanded(term, -1, 0);
    for (char c : output) {
      const auto holds = [c](const Labels& in) { return has(in, c); };
      if (std::ranges::count(output, c) > 1) fail(fmt::format("'{}' is twice in the result", c));
      if (std::ranges::none_of(inputs, holds)) fail(fmt::format("'{}' is in no operand", c));
    }
  }

  std::string_view text_;
  std::string compact_;
  int dots_ = 0;  // most axes that "..." stands for
};

/// A value and the labels of its axes, which are all different.
struct Term {
  Var value;
  Labels labels;

  [[nodiscard]] Index size(char c) const { return value.shape()[static_cast<int>(labels.find(c))]; }
  [[nodiscard]] Index size(const Labels& some) const {
    Index n = 1;
    for (char c : some) n *= size(c);
    return n;
  }
  void sum_out(const Labels& gone) {
    std::vector<int> axes;
    for (char c : gone) axes.push_back(static_cast<int>(labels.find(c)));
    if (axes.empty()) return;
    value = sum(value, Axes(std::span<const int>(axes)));
    std::erase_if(labels, [&](char c) { return has(gone, c); });
  }
};

/// Contracts the operands of an expression one after the other.
class Contraction {
 public:
  explicit Contraction(const Expression& e) : expression_(e) {}

  Var run(std::span<const Var> operands) {
    std::vector<Term> terms;
    for (std::size_t i = 0; i < operands.size(); ++i) {
      terms.push_back(without_repeats({operands[i], expression_.inputs[i]}));
    }
    require_sizes(terms);
    Term result = terms[0];
    for (std::size_t i = 1; i < terms.size(); ++i) {
      Labels needed = expression_.output;
      for (std::size_t k = i + 1; k < terms.size(); ++k) needed += terms[k].labels;
      result = contracted(std::move(result), terms[i], needed);
    }
    Labels summed = result.labels;
    std::erase_if(summed, [&](char c) { return has(expression_.output, c); });
    result.sum_out(summed);
    return permuted(result.value, result.labels, expression_.output);
  }

 private:
  /// Diagonals in place of labels that occur twice: the label moves to the back.
  [[nodiscard]] Term without_repeats(Term t) const {
    for (std::size_t i = 0; i < t.labels.size();) {
      const char c = t.labels[i];
      const auto again = t.labels.find(c, i + 1);
      if (again == Labels::npos) {
        ++i;
        continue;
      }
      const int first = static_cast<int>(i), second = static_cast<int>(again);
      if (t.value.shape()[first] != t.value.shape()[second]) {
        expression_.fail_shapes(fmt::format("axes {} and {} of {} are both '{}'", first, second,
                                            to_string(t.value.shape()), c));
      }
      t.value = diagonal(t.value, 0, first, second);
      t.labels.erase(again, 1);
      t.labels.erase(i, 1);
      t.labels += c;
      i = 0;
    }
    return t;
  }

  void require_sizes(std::span<const Term> terms) const {
    for (const Term& a : terms) {
      for (const Term& b : terms) {
        for (char c : a.labels) {
          if (!has(b.labels, c) || a.size(c) == b.size(c) || a.size(c) == 1 || b.size(c) == 1) {
            continue;
          }
          expression_.fail_shapes(fmt::format("'{}' is {} in {} and {} in {}", c, a.size(c),
                                              to_string(a.value.shape()), b.size(c),
                                              to_string(b.value.shape())));
        }
      }
    }
  }

  /// The product of two terms, summed over the labels that are not needed any more.
  static Term contracted(Term a, Term b, const Labels& needed) {
    Labels both, only_a, only_b, inner, gone_a, gone_b;
    for (char c : a.labels) {
      const bool shared = has(b.labels, c), kept = has(needed, c);
      if (!kept && !shared)
        gone_a += c;
      else if (!shared)
        only_a += c;
      else if (kept)
        both += c;
      else if (a.size(c) == b.size(c))
        inner += c;
      else
        (gone_a += c, gone_b += c);  // 1 against n: the sum of the one times that of the other
    }
    for (char c : b.labels) {
      if (!has(a.labels, c)) (has(needed, c) ? only_b : gone_b) += c;
    }
    a.sum_out(gone_a);
    b.sum_out(gone_b);
    if (inner.empty()) return multiplied(a, b, both + only_a + only_b);

    const Var left = permuted(a.value, a.labels, both + only_a + inner);
    const Var right = permuted(b.value, b.labels, both + inner + only_b);
    return {reshape(matmul(matrices(left, both.size(), a.size(only_a), a.size(inner)),
                           matrices(right, both.size(), b.size(inner), b.size(only_b))),
                    product_shape(a, b, both, only_a, only_b)),
            both + only_a + only_b};
  }

  /// x with its first `batch` axes and two more.
  static Var matrices(Var x, std::size_t batch, Index rows, Index columns) {
    const auto first = x.shape().dims().first(batch);
    std::vector<Index> dims(first.begin(), first.end());
    dims.insert(dims.end(), {rows, columns});
    return reshape(x, Shape(dims));
  }

  static Shape product_shape(const Term& a, const Term& b, const Labels& both, const Labels& only_a,
                             const Labels& only_b) {
    std::vector<Index> dims;
    for (char c : both) dims.push_back(a.size(c) == 1 ? b.size(c) : a.size(c));
    for (char c : only_a) dims.push_back(a.size(c));
    for (char c : only_b) dims.push_back(b.size(c));
    return Shape(dims);
  }

  static Term multiplied(const Term& a, const Term& b, const Labels& labels) {
    const auto aligned = [&](const Term& t) {
      Labels present = labels;
      std::erase_if(present, [&](char c) { return !has(t.labels, c); });
      std::vector<Index> dims;
      for (char c : labels) dims.push_back(has(t.labels, c) ? t.size(c) : 1);
      return reshape(permuted(t.value, t.labels, present), Shape(dims));
    };
    return {aligned(a) * aligned(b), labels};
  }

  const Expression& expression_;
};

}  // namespace

Var einsum(std::string_view expression, std::span<const Var> operands) {
  const Expression parsed(expression, operands);
  return Contraction(parsed).run(operands);
}

Var einsum(std::string_view expression, std::initializer_list<Var> operands) {
  return einsum(expression, std::span(operands.begin(), operands.size()));
}

}  // namespace dtheta
