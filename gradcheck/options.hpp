#pragma once

#include <cstddef>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "gradcheck/oracle.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// How far a check has come.
struct Progress {
  std::size_t done = 0;   ///< entries of θ judged
  std::size_t total = 0;  ///< entries of θ to judge
  std::size_t evaluations = 0;
  double seconds = 0.0;  ///< since the check began

  /// At the pace so far; infinite before the first entry is judged.
  double seconds_left() const {
    if (done == 0) return std::numeric_limits<double>::infinity();
    return seconds * static_cast<double>(total - done) / static_cast<double>(done);
  }
};

/// The relative error that a gradient of this unit roundoff is held to unless told: 1e-7, or 2^7
/// roundings where those are more (8e-6 for a gradient computed in float). A gradient has a few
/// roundings of its own, of which the check lets 32 pass.
constexpr double default_tolerance(double gradient_roundoff) {
  constexpr double usual = 1e-7, roundings = 0x1p7;
  return roundings * gradient_roundoff > usual ? roundings * gradient_roundoff : usual;
}

/// What a check may cost: whichever is spent first.
struct Budget {
  double seconds = std::numeric_limits<double>::infinity();
  std::size_t evaluations = std::numeric_limits<std::size_t>::max();  ///< of J
};

/// What to check and how. The defaults are right for a cost computed in double.
struct Options {
  Method method = Method::adaptive;
  double epsilon = 1e-7;  ///< textbook only: how far every entry is moved
  /// Adaptive only: relative error of a derivative that must be seen. Unless set:
  /// default_tolerance.
  std::optional<double> tolerance{};
  double gradient_roundoff = 0x1p-53;  ///< unit roundoff of the gradient's arithmetic; 0x1p-24 for
                                       ///< a gradient computed in float
  std::vector<std::string> blocks{};   ///< only these blocks; empty: all
  std::vector<std::size_t> layers{};   ///< only blocks of these layers; empty: all
  std::size_t worst_entries = 5;       ///< how many components each block keeps
  unsigned threads = 1;                ///< above 1 the cost is called from several threads at once
  std::function<bool(const Progress&)> progress{};  ///< called every tenth of a second or so, if J
                                                    ///< lets it; false stops the check
  Hints hints{};                  ///< what may help to name the cause of a failure
  std::vector<Oracle> oracles{};  ///< adaptive only: asked in this order where double is in doubt
  CornerFinder corner{};          ///< adaptive only: explains entries that are in doubt
  /// Adaptive only: how far each entry of the gradient may be off by the roundings of its own
  /// arithmetic alone, as its distance from the same computation in a wider scalar says. Called at
  /// most once, where double leaves an entry in doubt or accuses it. What differs from an oracle's
  /// derivative by no more is not accused, and passes where J's own roundings are as large.
  std::function<std::vector<double>()> gradient_rounding{};
  /// Adaptive only: what the roundings on the way to J do to it, where somebody can look inside.
  /// Noise that is measured may be far less, inside a step of a staircase. Called at most once,
  /// where double leaves an entry in doubt or accuses it.
  std::function<double()> cost_rounding{};
  /// Entries about which oracles are asked at most. Where more are in doubt, they are asked about
  /// an eighth as many all over θ.
  std::size_t most_opinions = 256;
  /// Blocks, or single entries as reports write them ("b1", "W1[2, 3]"), that are known to sit on a
  /// corner of J: where one cannot be decided for that reason, it does not keep a check from
  /// passing. An entry that J contradicts fails as any other.
  std::vector<std::string> known_corners{};
  /// What the check may cost. Where a check of every entry does not fit, all of θ is looked at
  /// along random directions, wrong entries are searched for in the blocks that contradict J, and
  /// what is left goes into entries drawn at random; BlockResult::sight says what would have been
  /// seen.
  std::optional<Budget> budget{};
  /// The text by which a report tells its reader how to see a failing entry's probe again; without
  /// it, a call of replay_probe.
  std::function<std::string(const Component&)> replay{};

  /// The tolerance as set, or the default one.
  double held_to() const { return tolerance.value_or(default_tolerance(gradient_roundoff)); }
};

}  // namespace dtheta::gradcheck
