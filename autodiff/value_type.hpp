#pragma once

#include <cstdint>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Real values are computed in the scalar of the run; indices are int64 in every run.
enum class Kind : std::uint8_t { real, index };

/// The type of a recorded value: everything about it but the scalar it is computed in.
struct ValueType {
  Shape shape;
  Kind kind = Kind::real;
  friend constexpr bool operator==(const ValueType&, const ValueType&) = default;
};

}  // namespace dtheta
