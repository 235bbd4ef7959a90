#pragma once

#include <span>
#include <string>

#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::cli {

/// {"difference": d, "verdict": "...", "cost": J, "blocks": [{"name", "difference", "verdict",
/// "worst": {"index", "analytic", "numeric", "bar"}}], "cause": {"pattern", "amount", "confidence",
/// "sentence"}}; the cause is null unless something failed, and the verdict of the textbook method
/// is its band. Numbers that JSON cannot write (NaN, infinity) become null.
[[nodiscard]] std::string to_json(const Result& result);

/// {"ops": [{"op", "cases", "difference", "verdict"}], "passed": n, "failed": n}
[[nodiscard]] std::string to_json(std::span<const OpReport> reports);

}  // namespace dtheta::gradcheck::cli
