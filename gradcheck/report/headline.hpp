#pragma once

#include <string>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// The one sentence that stands on top of a report. It says what the verdict says, and why: how
/// many entries are wrong or open and in which blocks, or what kept the check from telling.
std::string headline(const Result& result);

/// What courses call the difference: "excellent: very likely correct" where the verdict rests on
/// that band alone, otherwise the band's name as the name that it is.
std::string band_words(const Result& result);

}  // namespace dtheta::gradcheck
