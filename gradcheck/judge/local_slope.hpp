#pragma once

#include <cstddef>
#include <optional>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/request.hpp"

namespace dtheta::gradcheck::detail {

/// The slope that J keeps over many scales around an entry.
struct LocalSlope {
  double value = 0.0;
  double spread = 0.0;  ///< how far three neighbouring steps differ, where they differ least
  double step = 0.0;    ///< the narrowest of these
  double bend = 0.0;  ///< between the slopes to either side, at the widest of these or at this step
};

/// What the slope that J keeps says of a finding.
struct SecondLook {
  bool asked = false;                  ///< the finding gave reason to ask
  bool refutes = false;                ///< it does not stand
  double noise = 0.0;                  ///< that its steps must have met, where they were too narrow
  std::optional<LocalSlope> missed{};  ///< what an agreement over wide steps passed over
};

/// What J was seen to do along an entry beside having a slope.
struct Unrest {
  double noise = 0.0;
  bool quantized = false;  ///< it jumps
  bool raised = false;     ///< the noise is that over wide steps, more than was seen from close by
};

/// A finding that rests on steps far wider than the entry (`length`), or next to nothing beside it,
/// was made of a J that seemed to be noise or to stand still; so was any, of a J that jumps.
/// Neither an accusation stands that the slope which J keeps speaks against, nor does agreement with
/// a claim of next to nothing, nor one over wide steps that the slopes from close by, as far as
/// noise lets them be seen, speak against. One that is there is not met by chance, unless ripples
/// were taken for noise.
SecondLook look_from_afar(const Request& request, std::size_t entry, const Finding& finding,
                          double length, const Unrest& unrest);

/// Which findings of a block are asked: a few stand for all, until one of them does not hold.
class FewForAll {
 public:
  bool suffice() const noexcept { return asked_ >= enough_; }
  void count(const SecondLook& look) noexcept {
    asked_ += look.asked ? 1 : 0;
    if (look.refutes) enough_ = most;
  }

 private:
  static constexpr std::size_t few = 2, most = 64;
  std::size_t enough_ = few, asked_ = 0;
};

/// What becomes of a finding that does not stand: it is open; or where it passed over a slope that J
/// keeps from close by, that slope accuses.
void heed(const SecondLook& look, double analytic, Finding& finding);

}  // namespace dtheta::gradcheck::detail
