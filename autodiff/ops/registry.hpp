#pragma once

#include <span>
#include <string_view>

#include "autodiff/op.hpp"

namespace dtheta {

/// Every built-in op, family by family.
[[nodiscard]] std::span<const OpRecord* const> all_ops();

/// The built-in op of that name. Throws ValueError naming the nearest one when there is none.
[[nodiscard]] const OpRecord& find_op(std::string_view name);

}  // namespace dtheta
