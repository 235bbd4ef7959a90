#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// a + b, a - b, a b, element for element.
enum class Arithmetic { none, add, sub, mul };
[[nodiscard]] Arithmetic as_arithmetic(const OpRecord& op);

}  // namespace dtheta
