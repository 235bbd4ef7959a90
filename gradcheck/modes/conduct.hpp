#pragma once

#include "gradcheck/options.hpp"
#include "gradcheck/probe.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// What a cost did beside giving values goes into the notes, and what spoils a check into its
/// verdict.
void name_throws(Result& result, const Throws& thrown);
void name_writing(Result& result);
void name_race(Result& result);

/// Throws OptionError where options have a budget of which this mode knows nothing.
void refuse_budget(const Options& options, const char* mode);

}  // namespace dtheta::gradcheck::detail
