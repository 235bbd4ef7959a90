#include "gradcheck/modes/known_corners.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

#include "gradcheck/errors.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck::detail {
namespace {

/// What a name means, or why it means nothing.
struct Named {
  std::optional<EntryRange> range{};
  std::string why{};
};

Named named(const ParameterVector& theta, const std::string& name) {
  const auto block = std::ranges::find(theta.blocks(), name, &Block::name);
  if (block != theta.blocks().end()) {
    return {EntryRange{block->offset, block->offset + block->size}};
  }
  try {
    const std::size_t position = position_of(theta, name);
    return {EntryRange{position, position + 1}};
  } catch (const std::invalid_argument& error) {
    return {{}, error.what()};
  }
}

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw NameError(
      fmt::format("known_corners: '{}' is neither a block nor an entry: {}", name, why));
}

}  // namespace

std::vector<EntryRange> known_corners(const ParameterVector& theta, const Options& options) {
  std::vector<EntryRange> known;
  for (const std::string& name : options.known_corners) {
    const Named found = named(theta, name);
    if (!found.range) refuse(name, found.why);
    known.push_back(*found.range);
  }
  return known;
}

KnownSides known_corners(const ParameterVector& inputs, const ParameterVector& outputs,
                         std::span<const std::string> names) {
  KnownSides known;
  for (const std::string& name : names) {
    const Named input = named(inputs, name);
    if (input.range) {
      known.inputs.push_back(*input.range);
      continue;
    }
    const Named output = named(outputs, name);
    if (!output.range) refuse(name, input.why + "; " + output.why);
    known.outputs.push_back(*output.range);
  }
  return known;
}

}  // namespace dtheta::gradcheck::detail
