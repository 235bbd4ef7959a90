#include "gradcheck/modes/known_corners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <string>

#include "gradcheck/errors.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck::detail {

std::vector<EntryRange> known_corners(const ParameterVector& theta, const Options& options) {
  std::vector<EntryRange> known;
  for (const std::string& name : options.known_corners) {
    const auto block = std::ranges::find(theta.blocks(), name, &Block::name);
    if (block != theta.blocks().end()) {
      known.push_back({block->offset, block->offset + block->size});
      continue;
    }
    try {
      const std::size_t position = position_of(theta, name);
      known.push_back({position, position + 1});
    } catch (const std::invalid_argument& error) {
      throw NameError(fmt::format("known_corners: '{}' is neither a block nor an entry: {}", name,
                                  error.what()));
    }
  }
  return known;
}

}  // namespace dtheta::gradcheck::detail
