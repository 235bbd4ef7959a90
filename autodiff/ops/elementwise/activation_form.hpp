#pragma once

#include "autodiff/tape.hpp"

namespace dtheta {

/// c where x > 0, else 0: what relu hands to its operand, for its operand or its result as x.
[[nodiscard]] Var relu_grad(Var c, Var x);
[[nodiscard]] bool is_relu(const OpRecord& op);
[[nodiscard]] bool is_relu_grad(const OpRecord& op);

}  // namespace dtheta
