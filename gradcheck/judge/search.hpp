#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gradcheck/numeric/slope.hpp"
#include "gradcheck/numeric/smooth_piece.hpp"
#include "gradcheck/probe.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck::detail {

/// Rounding of the analytic side that is allowed for, in units of its roundoff.
inline constexpr double rounding_margin = 32.0;
inline constexpr std::size_t most_slopes = 14;

/// The sizes by which the derivatives of a block are judged.
struct Scales {
  double scale = 0.0;         ///< of the block's largest derivative
  double reference = 0.0;     ///< agreement is asked in parts of this: `scale`, or the largest
                              ///< derivative of all where the block's are zero
  double rounded_with = 0.0;  ///< size of what the analytic side may have been rounded with: where
                              ///< large terms cancel, no more than this is held against it
};

/// What a derivative is judged by; the same for all entries of a block.
struct Standard : Scales {
  double cost = 0.0;       ///< J(θ)
  double noise = 0.0;      ///< ε_f
  double tolerance = 0.0;  ///< relative error that must be seen
  double roundoff = 0.0;   ///< of the analytic side
  bool pilot = false;      ///< others begin where this one ends: to be taken as far as it goes
  bool brief = false;      ///< the block is open already: only what accuses is of interest
  double comfort = 1.0;    ///< an agreeing bar must be within this fraction of the tolerance
};

/// What was found about one derivative.
struct Finding {
  double numeric = 0.0;
  double bar = 0.0;
  double step = 0.0;
  double stencil = 0.0;  ///< the stencil's step that served this entry best, for its neighbours;
                         ///< 0 where none did
  Verdict verdict = Verdict::inconclusive;
  bool kink = false;
  bool flat = false;        ///< J did not move at all
  bool suspect = false;     ///< open, but the analytic value is more likely wrong than right
  bool singular = false;    ///< open, because J has no finite derivative here, as √x at 0
  bool degenerate = false;  ///< open, because the analytic value jumps here and is right beside
  bool plateau = false;     ///< open, because J stands still over the step and follows over larger
};

/// Judges one entry: asks for four values at a step, and asks again at another step for as long as
/// the answer is open. To agree, one good slope is enough; to accuse, two slopes at different steps
/// must exclude the analytic value and agree with each other, each with its cautious bar. What
/// stencils leave open between corners and noise goes to a SmoothPiece, which may agree, not
/// accuse. An analytic value that is not finite is wrong unless J's slopes diverge towards x.
class Search {
 public:
  /// `widest`: no step above it may accuse, because J may have another shape beyond the size of θ;
  /// to agree by chance there is unlikely.
  Search(std::size_t index, double x, double analytic, double step, double widest);

  std::size_t index() const noexcept { return index_; }
  bool decided() const noexcept { return decided_; }
  const Finding& finding() const noexcept { return finding_; }
  /// Nothing could be said: not even that it looks wrong.
  bool in_the_dark() const noexcept {
    return decided_ && finding_.verdict == Verdict::inconclusive && !finding_.suspect;
  }

  /// Appends the probes that it needs next.
  void ask(std::vector<Probe>& probes) const;

  /// Takes their answers.
  void take(std::span<const double> answers, double cost);

  /// Decides, or chooses the next step.
  void judge(const Standard& standard);

 private:
  struct Bars {
    double likely = 0.0;
    double cautious = 0.0;
    double noise = 0.0;
    double visible = 0.0;  // the part of the cautious truncation that noise cannot explain
  };

  Bars bars(const Slope& slope, const Standard& standard) const;
  double size(const Slope& slope, const Standard& standard) const;
  void judge_finite(const Slope& slope, const Standard& standard);
  bool unsettled(const Slope& slope, const Bars& bars) const;
  bool diverges(const Standard& standard) const;
  std::vector<const Slope*> like_last() const;
  void come_closer(const Slope& slope, const Standard& standard);
  void look_beyond(const Slope& slope, const Standard& standard);
  void leave_domain(const Slope& slope, const Standard& standard);
  bool agrees(const Slope& slope, const Bars& bars, const Standard& standard) const;
  bool excludes(const Slope& slope, const Bars& bars, const Standard& standard) const;
  bool confirmed(const Slope& slope, const Bars& bars) const;
  void seek_confirmation(const Slope& slope, const Bars& bars, const Standard& standard);
  void choose_step(const Slope& slope, const Bars& bars, const Standard& standard);
  void move_to(double step, const Standard& standard);
  void give_up(const Standard& standard);
  bool judge_corner(const Standard& standard);
  std::vector<const Slope*> central_slopes() const;
  void settle(Verdict verdict, const Slope& slope, double bar);
  void begin_piece(const Standard& standard);
  void judge_piece(const Standard& standard);
  void settle_corner(const PieceSlope& below, const PieceSlope& above);
  void leave_open(const Standard& standard);

  std::size_t index_;
  double x_;
  double analytic_;
  double step_;
  Side side_ = Side::both;
  double widest_;
  bool decided_ = false;
  double noisy_step_ = 0.0;  // largest step at which noise was the larger error; 0: none yet
  double bent_step_;         // smallest step at which truncation was; infinite: none yet
  double sharpest_;          // smallest cautious bar so far
  Finding finding_;
  std::vector<Slope> slopes_;
  struct Contradiction {
    Slope slope;
    double bar = 0.0;
  };
  std::optional<Contradiction> contradiction_;
  struct Value {
    double t = 0.0;
    double rise = 0.0;
  };
  std::vector<Value> values_;  // all that were taken
  std::optional<SmoothPiece> piece_;
  bool suspect_ = false;
  bool looked_beyond_ = false;
};

}  // namespace dtheta::gradcheck::detail
