#pragma once

#include <span>
#include <string>

#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::cli {

/// {"difference": d, "verdict": "...", "cost": J, "blocks": [{"name", "difference", "verdict",
/// "worst": {"index", "analytic", "numeric", "bar", "replay"}}], "cause": {"pattern", "amount",
/// "confidence", "sentence"}}; the cause and the replay are null unless something failed, and the
/// verdict of the textbook method is its band, unless it is no pass although the band is excellent.
/// Of a comparison the cost is null and `numeric` is the reference. Numbers that JSON cannot write
/// (NaN, infinity) become null.
[[nodiscard]] std::string to_json(const Result& result);

/// {"entry", "position", "theta", "step", "cost", "values": [{"offset", "theta", "cost"}],
/// "two_sided", "fourth_order", "noise", "analytic", "bar", "verdict"}
[[nodiscard]] std::string to_json(const ProbeReplay& replay);

/// {"ops": [{"op", "cases", "difference", "verdict"}], "passed": n, "failed": n}
[[nodiscard]] std::string to_json(std::span<const OpReport> reports);

}  // namespace dtheta::gradcheck::cli
