#pragma once

#include <cstddef>
#include <string_view>

#include "gradcheck/jacobian/judge/judge.hpp"
#include "gradcheck/jacobian/result.hpp"
#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck::detail {

/// Turns findings into blocks, verdicts and notes. `result` arrives with what is known of f.
/// `replay_tail`: what a call that replays an entry is told beside it.
void assemble(JacobianResult& result, const JacobianRequest& request,
              const ParameterVector& outputs, const JacobianFindings& findings,
              std::size_t worst_entries, std::string_view replay_tail);

}  // namespace dtheta::gradcheck::detail
