#pragma once

#include <span>
#include <string>

#include "autodiff/ops/registry.hpp"

namespace dtheta::gradcheck::cli {

/// Every op that is given with its rule, domain and traits, family by family: a page of Markdown
/// that a terminal shows as well. docs/ops.md is that of all ops.
[[nodiscard]] std::string op_list_page(std::span<const ListedOp> ops);

/// {"ops": [{"op", "family", "value", "derivative", "domain", "operands", "traits"}]}; the
/// derivative is null of an op without one, the domain null where it is everything, and the
/// operands null where there may be any number.
[[nodiscard]] std::string op_list_json(std::span<const ListedOp> ops);

}  // namespace dtheta::gradcheck::cli
