#pragma once

#include <span>
#include <string>
#include <vector>

#include "gradcheck/judge/selection.hpp"
#include "gradcheck/options.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// The entries that Options::known_corners names. Throws NameError for what is neither a block nor
/// an entry of θ.
std::vector<EntryRange> known_corners(const ParameterVector& theta, const Options& options);

/// The same of JacobianOptions::known_corners, of inputs or outputs.
struct KnownSides {
  std::vector<EntryRange> inputs;
  std::vector<EntryRange> outputs;
};
KnownSides known_corners(const ParameterVector& inputs, const ParameterVector& outputs,
                         std::span<const std::string> names);

}  // namespace dtheta::gradcheck::detail
