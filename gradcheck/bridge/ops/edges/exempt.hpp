#pragma once

#include <span>
#include <string_view>

#include "gradcheck/bridge/ops/edges/edge.hpp"

namespace dtheta::gradcheck {

/// A cell of the table that an op is not held to.
struct Exemption {
  std::string_view op;
  Edge edge;
  std::string_view reason;
};

/// All of them, as docs/ops-edges.md has them.
[[nodiscard]] std::span<const Exemption> exemptions();

/// Why the op is not held to draws of this kind; empty if it is.
[[nodiscard]] std::string_view exempt(std::string_view op, Edge edge);

}  // namespace dtheta::gradcheck
