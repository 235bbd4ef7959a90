#pragma once

#include <optional>

#include "autodiff/tape.hpp"

namespace dtheta {

/// A sum over `count` adjacent axes starting at `first`.
struct ReductionForm {
  int first;
  int count;
  bool keepdims;
};
[[nodiscard]] std::optional<ReductionForm> as_sum(const Node& node);
[[nodiscard]] std::optional<ReductionForm> as_sum(const OpRecord& op, const void* attributes);

}  // namespace dtheta
