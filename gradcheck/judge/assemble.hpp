#pragma once

#include <string_view>

#include "gradcheck/judge/request.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// The note of a check that did not come to its end.
inline constexpr std::string_view stopped_note =
    "the check was stopped before it had seen every entry";

/// Turns findings into blocks, verdicts and notes. `findings` is null where J could not be measured
/// at all. `result` arrives with cost, analytic gradient and determinism filled in.
void assemble(Result& result, const Request& request, const Findings* findings);

/// What is said of open entries at known corners; `subject`: "gradient", "Jacobian".
std::string excused_note(std::size_t excused, std::string_view subject);

}  // namespace dtheta::gradcheck::detail
