#pragma once

#include "gradcheck/check.hpp"
#include "gradcheck/directions.hpp"
#include "gradcheck/sample.hpp"
#include "gradcheck/shared/crew.hpp"
#include "gradcheck/shared/shared_probes.hpp"

namespace dtheta::gradcheck {

/// Checks whose evaluations of J are shared by several processes. All make the same call with the
/// same arguments. Rank 0 judges: it hands out pieces of each batch of probes, a new one to whoever
/// is done, computes some itself, and asks for nothing twice. Since probes do not know of each
/// other, its result is that of one process, field for field.
///
/// The share of a rank that is lost or too slow (Crew::patience_seconds) is computed by the others,
/// and a note says so; where J throws on another rank, rank 0 computes the same and throws itself.
///
/// The others get the verdict, the cost, the difference and all three vectors, but neither blocks
/// nor causes. What rank 0 throws becomes a std::runtime_error there, as does its silence.
///
/// None of them keeps to a budget: an Options::budget is an OptionError.

/// As `check`.
Result check_shared(const Crew& crew, const Cost& cost, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options = {});

/// As `check_probes`, where each rank has an evaluator for the same J.
Result check_probes_shared(const Crew& crew, const ProbeEvaluator& evaluate,
                           const Gradient& gradient, const ParameterVector& theta,
                           const Options& options = {});

/// The same where evaluators notice more than values, such as points outside J's domain: `noticed`
/// is what those of all ranks did, on rank 0.
Result check_probes_shared(const Crew& crew, const detail::Answerer& own, const Gradient& gradient,
                           const ParameterVector& theta, const Options& options,
                           detail::Tally& noticed);

/// As `check_sample`.
SampleResult check_sample_shared(const Crew& crew, const Cost& cost, const Gradient& gradient,
                                 const ParameterVector& theta, const SampleOptions& options = {});

/// As `check_directions`. The points along one direction are shared.
DirectionResult check_directions_shared(const Crew& crew, const Cost& cost,
                                        const Gradient& gradient, const ParameterVector& theta,
                                        const DirectionOptions& options = {});

}  // namespace dtheta::gradcheck
