#pragma once

#include <utility>
#include <vector>

#include "autodiff/kernels/normalize.hpp"
#include "autodiff/shape.hpp"

namespace dtheta::detail {

/// Views with the shape of their operand, for samples of ops over channels.
inline std::vector<std::pair<Shape, ChannelView>> channel_views() {
  return {{{2, 3}, {1, 2, 3}},       {{5}, {1, 1, 5}},    {{2, 2, 3}, {1, 4, 3}},
          {{2, 2, 3}, {1, 2, 6}},    {{4, 2}, {4, 2, 1}}, {{2, 3, 2}, {2, 3, 2}},
          {{3, 2, 2, 1}, {3, 2, 2}}, {{2, 1}, {1, 2, 1}}, {{0, 3}, {1, 0, 3}},
          {{0, 2, 3}, {0, 2, 3}},    {{2, 0}, {1, 2, 0}}, {{1, 19}, {1, 1, 19}},
          {{35, 1}, {35, 1, 1}}};
}

}  // namespace dtheta::detail
