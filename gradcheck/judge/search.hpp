#pragma once

#include <optional>
#include <span>
#include <vector>

#include "gradcheck/judge/finding.hpp"
#include "gradcheck/judge/law.hpp"
#include "gradcheck/numeric/noise.hpp"
#include "gradcheck/numeric/slope.hpp"
#include "gradcheck/numeric/smooth_piece.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck::detail {

inline constexpr std::size_t most_slopes = 14;
inline constexpr double narrowest = 3.0;      // steps closer than this tell the same
inline constexpr double furthest_part = 1e4;  // of the size of an entry: the largest step
/// Where nothing moves, J may be moving in quanta of larger numbers inside it, and says nothing of their size.
inline constexpr double hidden_quanta = 1024.0 * unit_roundoff;

/// Where a search begins, and how far it may go.
struct Start {
  double step = 0.0;
  double size = 1.0;  ///< of the entry, where J may have another shape beyond

  /// No step above it may accuse; to agree by chance there is unlikely.
  double widest() const { return widest_part * size; }
  static constexpr double widest_part = 0.1;
};

/// What a derivative is judged by, and how thoroughly.
struct Standard {
  Scales scales;
  double tolerance = 0.0;
  double roundoff = 0.0;         ///< of the analytic side
  double crumb = 0.0;            ///< of Claim
  double noise = 0.0;            ///< ε_f as measured
  double margin = noise_margin;  ///< in which a value's error lies, in ε_f
  double cost_size = 0.0;        ///< of J where that was: of its value, or of the terms that cancel
  double rounding_noise = 0.0;   ///< of J, if it rounds products with the block's entries
  bool pilot = false;     ///< others begin where this one ends: to be taken as far as it goes
  bool brief = false;     ///< the block is open already: only what accuses is of interest
  bool thorough = false;  ///< nobody has seen J move here: a zero must hold at every step
  double comfort = 1.0;   ///< an agreeing bar must be within this fraction of the tolerance
};

/// Judges one entry by the law: asks for four values at a step, and again at another step for as
/// long as the answer is open. Where J stands still it climbs through all orders of step until J
/// moves. What stencils leave open between corners and noise goes to a SmoothPiece, which may agree
/// or find a corner. An analytic value that is not finite is wrong unless J's slopes diverge
/// towards x.
class Search {
 public:
  Search(std::size_t index, double x, double analytic, const Start& start);

  std::size_t index() const noexcept { return index_; }
  bool decided() const noexcept { return decided_; }
  const Finding& finding() const noexcept { return finding_; }
  /// Nothing could be said: not even that it looks wrong.
  bool in_the_dark() const noexcept {
    return decided_ && finding_.verdict == Verdict::inconclusive &&
           finding_.reason != Reason::suspect;
  }

  /// Appends the probes that it needs next.
  void ask(std::vector<Probe>& probes) const;

  /// Takes their answers.
  void take(std::span<const double> answers, double cost);

  /// Decides, or chooses the next step.
  void judge(const Standard& standard);

 private:
  struct Bars : Witness {
    double noise = 0.0;
  };

  // search.cpp: what one step says while J is smooth
  Claim claim(const Standard& standard) const;
  double noise_of(const Slope& slope, const Standard& standard) const;
  Bars bars(const Slope& slope, const Standard& standard, double noise) const;
  Bars bars(const Slope& slope, const Standard& standard) const;
  void end_open();
  void judge_finite(const Slope& slope, const Standard& standard);
  void judge_wrong(const Slope& slope, const Bars& bars, const Standard& standard);
  std::optional<double> agreement(const Slope& slope, const Standard& standard) const;
  bool excludes(const Slope& slope, const Bars& bars, const Standard& standard) const;
  bool accuse_together(const Standard& standard);
  void settle(Verdict verdict, const Slope& slope, double bar);

  // search_step.cpp: where to look next
  /// What bends looks like a corner at x.
  static bool bends_at_x(const Slope& slope, const Bars& bars);
  void seek_confirmation(const Slope& slope, const Bars& bars, const Standard& standard);
  bool was_at(double step) const;
  struct Limits {
    double noisy, bent;
  };
  Limits limits(const Standard& standard) const;
  void choose_step(const Slope& slope, const Bars& bars, const Standard& standard);
  double resolution() const;
  void move_to(double step, const Standard& standard);

  // search_flat.cpp: where J stands still
  void judge_flat(const Slope& slope, const Standard& standard);
  void judge_zero(const Standard& standard);
  const Slope* widest_flat(double limit) const;
  bool accuse_still(const Standard& standard);
  bool climb();
  bool descend();
  double least_rung() const;
  double flat_below(const Slope& slope) const;
  double least_move() const;
  bool knows_quantum(const Slope& slope, const Standard& standard) const;

  // search_open.cpp: what stencils alone leave open
  bool unsettled(const Slope& slope, const Bars& bars) const;
  bool diverges(const Standard& standard) const;
  std::vector<const Slope*> like_last() const;
  void come_closer(const Slope& slope, const Standard& standard);
  void look_beyond(const Slope& slope, const Standard& standard);
  void leave_domain(const Slope& slope, const Standard& standard);
  void give_up(const Standard& standard);
  bool looks_wrong(const Standard& standard) const;
  void begin_piece(const Standard& standard);
  void judge_piece(const Standard& standard);
  bool accuse_by_piece(const PieceSlope& whole, const Standard& standard);
  bool judge_corner(const Standard& standard);
  void leave_open(const Standard& standard);

  std::size_t index_;
  double x_;
  double analytic_;
  Start start_;
  double step_;
  Side side_ = Side::both;
  bool decided_ = false;
  double edge_;      // smallest step that goes too far to be of use; infinite: none yet
  double sharpest_;  // smallest cautious bar so far
  Finding finding_;
  std::vector<Slope> slopes_;
  struct Contradiction {
    Slope slope;
    Bars bars;
  };
  std::optional<Contradiction> contradiction_;
  struct Value {
    double t = 0.0;
    double rise = 0.0;
  };
  std::vector<Value> values_;  // all that were taken
  std::optional<SmoothPiece> piece_;
  bool suspect_ = false;
  int turns_ = 0;               // answers taken
  int looks_ = 0;               // from the closest possible
  bool looked_closer_ = false;  // at a corner that a piece shows
  bool moved_ = false;          // J has been seen to move
  int rung_ = 0;                // of the climb
};

}  // namespace dtheta::gradcheck::detail
