#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "gradcheck/options.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// Throws OptionError for numbers in the options that are none.
void require_numbers(const Options& options);

/// The blocks that the options ask for and that have entries. Throws NameError for a name or layer
/// that is not there, ShapeError if nothing is left.
std::vector<Block> selected_blocks(const ParameterVector& theta, const Options& options);

/// Entries of θ from `first` to before `last`.
struct EntryRange {
  std::size_t first = 0;
  std::size_t last = 0;
};

/// Whether a position is in one of the ranges.
bool holds(std::span<const EntryRange> ranges, std::size_t position);

}  // namespace dtheta::gradcheck::detail
