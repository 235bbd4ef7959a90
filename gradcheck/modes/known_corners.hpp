#pragma once

#include <vector>

#include "gradcheck/judge/selection.hpp"
#include "gradcheck/options.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// The entries that Options::known_corners names. Throws NameError for what is neither a block nor
/// an entry of θ.
std::vector<EntryRange> known_corners(const ParameterVector& theta, const Options& options);

}  // namespace dtheta::gradcheck::detail
