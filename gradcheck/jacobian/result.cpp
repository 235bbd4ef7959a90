#include "gradcheck/jacobian/result.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ostream>

#include "gradcheck/badness.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/report.hpp"

namespace dtheta::gradcheck {

std::string_view to_string(JacobianPattern pattern) {
  switch (pattern) {
    case JacobianPattern::not_finite:
      return "not finite";
    case JacobianPattern::zero:
      return "zero";
    case JacobianPattern::sign:
      return "sign";
    case JacobianPattern::degrees:
      return "degrees";
    case JacobianPattern::factor:
      return "factor";
    case JacobianPattern::chain_factor:
      return "chain factor";
    case JacobianPattern::outer_factor:
      return "outer factor";
    case JacobianPattern::weights:
      return "weights";
    case JacobianPattern::transposed:
      return "transposed";
    case JacobianPattern::storage_order:
      return "storage order";
    case JacobianPattern::rows_swapped:
      return "rows swapped";
    case JacobianPattern::columns_swapped:
      return "columns swapped";
    case JacobianPattern::block_order:
      return "block order";
    case JacobianPattern::identity:
      return "identity";
    case JacobianPattern::triangle:
      return "triangle";
    case JacobianPattern::row_wrong:
      return "row wrong";
    case JacobianPattern::column_wrong:
      return "column wrong";
    case JacobianPattern::one_entry:
      return "one entry";
    case JacobianPattern::asymmetric:
      return "asymmetric";
    case JacobianPattern::outside:
      return "outside the pattern";
    case JacobianPattern::other_side:
      return "other side";
    case JacobianPattern::ambient:
      return "ambient numbers";
    case JacobianPattern::half:
      return "half angle";
    case JacobianPattern::stored_order:
      return "stored order";
    case JacobianPattern::retraction:
      return "retraction";
    case JacobianPattern::unexplained:
      break;
  }
  return "unexplained";
}

std::string_view JacobianCause::sureness() const {
  return Cause{Pattern::unexplained, 0.0, confidence, {}}.sureness();
}

double JacobianEntry::error() const { return std::abs(analytic - numeric); }

double JacobianEntry::z() const {
  const double apart = error();
  return apart == 0.0 ? 0.0 : apart / bar;
}

std::string place_of(const JacobianEntry& entry) {
  return fmt::format("{} by {}", to_string(entry.output), to_string(entry.input));
}

const JacobianBlock& JacobianResult::block(std::string_view output, std::string_view input) const {
  for (const JacobianBlock& block : blocks) {
    if (block.output == output && block.input == input) return block;
  }
  std::string names;
  for (const JacobianBlock& block : blocks) {
    names += fmt::format("{}{} by {}", names.empty() ? "" : ", ", block.output, block.input);
  }
  throw NameError(
      fmt::format("jacobian: no block {} by {} was checked; there are {}", output, input, names));
}

std::vector<JacobianEntry> JacobianResult::worst() const {
  std::vector<JacobianEntry> all;
  for (const JacobianBlock& block : blocks) {
    all.insert(all.end(), block.worst.begin(), block.worst.end());
  }
  const auto badness = [&](const JacobianEntry& e) {
    return detail::Badness(e.verdict, e.analytic, e.numeric, e.row * columns + e.column);
  };
  std::ranges::stable_sort(
      all, [&](const JacobianEntry& a, const JacobianEntry& b) { return badness(a) < badness(b); });
  return all;
}

std::ostream& operator<<(std::ostream& out, const JacobianResult& result) {
  return out << report(result);
}

}  // namespace dtheta::gradcheck
