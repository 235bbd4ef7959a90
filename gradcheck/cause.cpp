#include "gradcheck/cause.hpp"

namespace dtheta::gradcheck {

std::string_view to_string(Pattern pattern) {
  switch (pattern) {
    case Pattern::not_finite:
      return "not finite";
    case Pattern::lost_step:
      return "lost step";
    case Pattern::zero:
      return "zero";
    case Pattern::sign:
      return "sign";
    case Pattern::factor:
      return "factor";
    case Pattern::l2:
      return "L2 term";
    case Pattern::l1:
      return "L1 term";
    case Pattern::transposed:
      return "transposed";
    case Pattern::permuted:
      return "permuted";
    case Pattern::summed:
      return "summed";
    case Pattern::stale:
      return "stale";
    case Pattern::accumulated:
      return "accumulated";
    case Pattern::suspect:
      return "suspect";
    case Pattern::offset:
      return "offset";
    case Pattern::clipped:
      return "clipped";
    case Pattern::other_block:
      return "other block";
    case Pattern::block_order:
      return "block order";
    case Pattern::slip:
      return "slip";
    case Pattern::wrong_op:
      return "wrong op";
    case Pattern::stopped:
      return "stopped";
    case Pattern::upstream:
      return "upstream";
    case Pattern::one_entry:
      return "one entry";
    case Pattern::few_rows:
      return "few rows";
    case Pattern::few_columns:
      return "few columns";
    case Pattern::unexplained:
      break;
  }
  return "unexplained";
}

std::string_view Cause::sureness() const {
  if (confidence >= 0.97) return "certain";
  if (confidence >= 0.85) return "very likely";
  return confidence >= 0.6 ? "likely" : "possible";
}

}  // namespace dtheta::gradcheck
