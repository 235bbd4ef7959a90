#pragma once

#include <span>
#include <string>

#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck::cli {

/// The self-test of ops as JUnit XML: one test case for each op, a failure for each that has one.
[[nodiscard]] std::string to_junit(std::span<const OpReport> reports);

}  // namespace dtheta::gradcheck::cli
