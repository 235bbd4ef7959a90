#pragma once

#include "autodiff/var.hpp"

namespace dtheta::detail {

/// A value whose last two axes v shows in exchange, where v is the record of that exchange alone; a
/// Var that does not exist elsewhere. A reader that can take it as it stands needs no copy.
[[nodiscard]] Var turned_from(Var v);

}  // namespace dtheta::detail
