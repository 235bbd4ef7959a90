#include "gradcheck/judge/selection.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "gradcheck/errors.hpp"
#include "gradcheck/numeric/finite_difference.hpp"

namespace dtheta::gradcheck::detail {

void require_numbers(const Options& options) {
  require_positive("epsilon", options.epsilon);
  require_positive("gradient_roundoff", options.gradient_roundoff);
  require_positive("tolerance", options.held_to());
}

std::vector<Block> selected_blocks(const ParameterVector& theta, const Options& options) {
  for (const std::string& name : options.blocks) theta.block(name);  // throws if unknown
  for (const std::size_t layer : options.layers) {
    if (std::ranges::find(theta.blocks(), layer, &Block::layer) != theta.blocks().end()) continue;
    throw NameError(fmt::format("options: no block of theta belongs to layer {}", layer));
  }
  std::vector<Block> chosen;
  for (const Block& block : theta.blocks()) {
    const bool named = options.blocks.empty() ||
                       std::ranges::find(options.blocks, block.name) != options.blocks.end();
    const bool in_layer = options.layers.empty() ||
                          std::ranges::find(options.layers, block.layer) != options.layers.end();
    if (named && in_layer && block.size > 0) chosen.push_back(block);
  }
  if (chosen.empty()) {
    throw ShapeError(
        "check: theta has no entry to check; it is empty, or the blocks and layers "
        "asked for have none in common");
  }
  return chosen;
}

bool holds(std::span<const EntryRange> ranges, std::size_t position) {
  return std::ranges::any_of(ranges, [&](const EntryRange& range) {
    return position >= range.first && position < range.last;
  });
}

}  // namespace dtheta::gradcheck::detail
