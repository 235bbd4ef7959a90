#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// What a test is called that could not tell. A check that has seen nothing is no reason to go on,
/// so it fails unless one says otherwise.
enum class Inconclusive : std::uint8_t { pass, skip, fail };

/// "pass", "skip", "fail". Throws OptionError for another word.
Inconclusive parse_inconclusive(std::string_view word);

/// How a JUnit file is written.
struct JunitStyle {
  Inconclusive inconclusive = Inconclusive::fail;
};

/// JUnit XML, as continuous integration reads it: one test case per block, and one more, "whole
/// check", where the check as a whole does not pass for a reason that is none of its blocks'. A
/// failing case tells its worst entries and its likely cause.
std::string report_junit(const Result& result, std::string_view suite = "gradcheck",
                         const JunitStyle& style = {});

}  // namespace dtheta::gradcheck
