#pragma once

#include <span>

#include "gradcheck/gradient.hpp"
#include "gradcheck/options.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/probe.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// Holds a gradient against finite differences of the cost. Knows neither tape nor network.
///
/// ```cpp
/// const auto cost = [](std::span<const double> t) { return t[0] * t[0] + std::sin(t[1]); };
/// const auto gradient = [](std::span<const double> t) {
///   return std::vector{2 * t[0], std::cos(t[1])};
/// };
/// const std::vector<double> theta{0.5, 2};
/// const Result result = check(cost, gradient, theta);
/// if (!result) std::cout << result;  // gradcheck/report.hpp: which entries, how far off, and why
/// ```
///
/// θ is copied: the caller's values are never written. Exceptions of the cost pass through.
/// A gradient given as a function can be asked for more than its values at θ: whether it is a
/// function at all (purity.hpp), and, where it fails at a θ on several corners of J, whether it is
/// right beside them; then the answer is "inconclusive" and not "fail".
/// Throws ShapeError for an empty θ or a gradient of another size, NameError or OptionError for
/// options that cannot be met.
Result check(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
             const Options& options = {});

/// The same for a θ without names.
Result check(const Cost& cost, const Gradient& gradient, std::span<const double> theta,
             const Options& options = {});

/// The same where the caller evaluates probes: by partial replay, stacked or in threads of its own.
/// `options.threads` has no effect here.
Result check_probes(const ProbeEvaluator& evaluate, const Gradient& gradient,
                    const ParameterVector& theta, const Options& options = {});

}  // namespace dtheta::gradcheck
