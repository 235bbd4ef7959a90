#pragma once

#include <string>
#include <string_view>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// JUnit XML, as continuous integration reads it: one test case per block. A failing block is a
/// failure with its worst entries and its likely cause, an inconclusive one is skipped.
std::string report_junit(const Result& result, std::string_view suite = "gradcheck");

}  // namespace dtheta::gradcheck
