#pragma once

#include <string>

#include "gradcheck/bridge/ops/op_case.hpp"

namespace dtheta::gradcheck {

/// Holds an op's rule for a leading axis (Op::batch) against the op itself, applied item by item.
/// Empty when they agree, or when the op has no such rule; else what disagrees.
[[nodiscard]] std::string compare_batch(const OpRecord& op, const SampleCase& sample,
                                        const OpCase& recorded);

}  // namespace dtheta::gradcheck
