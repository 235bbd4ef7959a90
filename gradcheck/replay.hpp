#pragma once

#include <array>
#include <iosfwd>
#include <span>
#include <string>
#include <string_view>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// One value that a difference was made of.
struct ReplayedValue {
  double offset = 0.0;  ///< in steps
  double theta = 0.0;
  double cost = 0.0;
};

/// A probe of one entry at one step, with every number that went into it.
struct ProbeReplay {
  Block block;
  Component component;  ///< `numeric` is of fourth order; of second for the textbook's method
  double theta = 0.0;   ///< the entry's own value
  double cost = 0.0;    ///< J(θ)
  double noise = 0.0;   ///< ε_f along this entry
  std::array<ReplayedValue, 4> values{};
  double two_sided = 0.0;  ///< (J(θ + h) − J(θ − h)) / 2h; NaN where J has values on one side only
  double fourth_order = 0.0;  ///< of all four values
};

/// Evaluates J at the four points of the check's own stencil (numeric/slope.hpp), two on each side
/// of θ or all on one where the other is outside J's domain, and holds the analytic derivative
/// against the difference. The verdict is of this probe alone; a check that accuses wants two of
/// them. Throws OptionError for a step that is not positive or is lost in θ, ShapeError or
/// NameError for an entry that is not there.
ProbeReplay replay_probe(const ProbeEvaluator& evaluate, const Gradient& gradient,
                         const ParameterVector& theta, std::size_t position, double step,
                         const Options& options = {});

/// The same for a plain cost and an entry such as "W1[2, 3]"; a scalar block is its name alone.
ProbeReplay replay_probe(const Cost& cost, const Gradient& gradient, const ParameterVector& theta,
                         std::string_view entry, double step, const Options& options = {});

/// Position in θ of an entry written as to_string(Key) writes it, blanks left out or not, or as
/// "#17", the position itself. The name of a block may have brackets of its own: "W[0][2, 3]",
/// "['params'][0]['w'][5]". Throws NameError for text that is no entry or could be one of two
/// blocks', and what ParameterVector::position throws.
std::size_t position_of(const ParameterVector& theta, std::string_view entry);

/// The text by which position_of finds an entry: as to_string(Key) writes it, or "#17" where that
/// could mean another one.
std::string entry_text(const ParameterVector& theta, std::size_t position);

/// A step that suits an entry where nothing else is known: a thousandth of its block's size.
double usual_step(const ParameterVector& theta, std::size_t position);

/// The numbers, one to a line.
std::string report(const ProbeReplay& replay, bool colour = false);
std::ostream& operator<<(std::ostream& out, const ProbeReplay& replay);

}  // namespace dtheta::gradcheck
