#pragma once

#include <cstdint>

#include "autodiff/tape.hpp"

namespace dtheta {

/// a + b, a - b, a b, a / b, -a, element for element.
enum class Arithmetic : std::uint8_t { none, add, sub, mul, div, neg };
[[nodiscard]] Arithmetic as_arithmetic(const OpRecord& op);

}  // namespace dtheta
