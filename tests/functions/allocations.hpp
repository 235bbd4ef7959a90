#pragma once

namespace dtheta::test {

/// How often this program has asked for memory so far.
[[nodiscard]] long allocations();

}  // namespace dtheta::test
