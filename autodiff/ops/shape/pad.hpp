#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>

#include "autodiff/var.hpp"

namespace dtheta {

/// Elements added before and after an axis. Negative numbers take elements away instead.
struct PadWidth {
  Index before = 0;
  Index after = 0;
  friend constexpr bool operator==(const PadWidth&, const PadWidth&) = default;
};

enum class PadMode : std::uint8_t {
  constant,   // a given value
  reflect,    // mirrored at the end elements, which are not repeated: c b | a b c | b a
  replicate,  // the end element: a a | a b c | c c
  circular,   // from the other end: b c | a b c | a b
};

/// x with elements added around it, for the last widths.size() axes in their order. Throws
/// ShapeError when more axes are named than there are, when a negative width takes more than there
/// is, and when a mode has no elements to draw from: reflect needs widths below the size of the
/// axis, circular up to it, replicate a size above 0.
Var pad(Arg x, std::span<const PadWidth> widths, PadMode mode = PadMode::constant,
        double value = 0);
Var pad(Arg x, std::initializer_list<PadWidth> widths, PadMode mode = PadMode::constant,
        double value = 0);

}  // namespace dtheta
