#pragma once

#include <span>
#include <string_view>

#include "autodiff/op_list.hpp"

namespace dtheta {

/// A built-in op with what `gradcheck ops --list` says of it.
struct ListedOp {
  const OpRecord* record;
  OpRule rule;
  std::string_view family;  ///< of the folder in autodiff/ops/ that it stands in
};

/// Every built-in op, in the order in which they are tested.
[[nodiscard]] std::span<const ListedOp> listed_ops();
/// The same without what is said of them.
[[nodiscard]] std::span<const OpRecord* const> all_ops();

/// The built-in op of that name. Throws ValueError naming the nearest one when there is none.
[[nodiscard]] const OpRecord& find_op(std::string_view name);
/// The same with what is said of it.
[[nodiscard]] const ListedOp& find_listed_op(std::string_view name);

}  // namespace dtheta
