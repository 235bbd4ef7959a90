#pragma once

#include <cstddef>
#include <optional>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// The slope that J keeps over many scales around an entry.
struct LocalSlope {
  double value = 0.0;
  double spread = 0.0;  ///< how far two neighbouring steps differ, where they differ least
};

/// What J says of an entry without a word of the noise that was measured: its slopes over steps
/// from `widest` down, each a few times narrower than the one before, of which five in a row are
/// alike. Noise that hides a slope makes no five alike, nor does an oscillation that the steps do
/// not follow. Nothing where there are none: J stands still, is bent, or noise is all that it does.
///
/// Where J keeps one slope over wide steps and another from close by, it jumps or oscillates in
/// between. Small jumps are roundings of numbers inside J, and the wide slope is what they hide;
/// jumps that are a part of J's size, as those of a phase, and oscillations are J itself, and the
/// close slope is its derivative.
std::optional<LocalSlope> local_slope(const Request& request, std::size_t entry, double widest);

/// What the slope that J keeps says of a finding.
struct SecondLook {
  bool asked = false;    ///< the finding gave reason to ask
  bool refutes = false;  ///< it does not stand
  double noise = 0.0;    ///< that its steps must have met, where they were too narrow
};

/// A finding that rests on steps far wider than the entry (`length`), or next to nothing beside it,
/// was made of a J that seemed to be noise or to stand still; so was any, of a J that is
/// `quantized`. Neither an accusation stands that the slope which J keeps speaks against, nor does
/// agreement with a claim of next to nothing. One that is there is not met by chance.
SecondLook look_from_afar(const Request& request, std::size_t entry, const Finding& finding,
                          double length, bool quantized);

}  // namespace dtheta::gradcheck::detail
