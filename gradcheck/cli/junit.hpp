#pragma once

#include <span>
#include <string>

#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::cli {

/// The self-test of ops as JUnit XML: one test case for each op, a failure for each that has one.
/// `untested`: ops that a stopped test did not reach, which are inconclusive.
[[nodiscard]] std::string to_junit(std::span<const OpReport> reports,
                                   std::span<const std::string> untested = {},
                                   const JunitStyle& style = {});

}  // namespace dtheta::gradcheck::cli
