#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "gradcheck/check.hpp"

namespace dtheta::gradcheck {

/// A signed Gaussian direction, the same for the same seed and number; each block is moved in
/// proportion to the size of its entries, so that J varies noticeably over a unit of it.
std::vector<double> gaussian_direction(const ParameterVector& theta, std::uint64_t seed,
                                       std::uint64_t number);

/// The derivative of J along a direction, both ways.
struct DirectionSlope {
  double analytic = 0.0;  ///< g·d
  double numeric = 0.0;
  double bar = 0.0;
  double spread = 0.0;  ///< ‖(g_i d_i)‖₂: the size of what was summed
  Verdict verdict = Verdict::inconclusive;
  std::size_t evaluations = 0;
  bool complete = true;  ///< false: stopped by the progress callback
};

/// Checks g·d against the numeric derivative of t -> J(θ + t·d), by the adaptive method.
/// Throws ShapeError unless θ, gradient and direction have one length.
DirectionSlope slope_along(const Cost& cost, std::span<const double> gradient,
                           const ParameterVector& theta, std::span<const double> direction,
                           const Options& options = {});

/// A check along random directions.
struct DirectionOptions {
  double smallest_error = 1e-3;  ///< ‖error‖/‖gradient‖ that must be seen, in each block by itself
  double miss = 1e-6;            ///< accepted probability of not seeing it
  std::size_t most = 64;         ///< directions of the whole at most
  std::size_t most_alone = 4;  ///< directions at most that move one block alone
  std::uint64_t seed = 1;
  Options check{};  ///< for each direction
};

/// What the directions say of one block. Along a direction of the whole, a block whose derivatives
/// are small beside the others' is not seen; such a block is moved alone.
struct BlockSight {
  std::string name;
  double miss = 1.0;  ///< as DirectionResult::miss, of an error in this block alone
  /// ‖(error_i d_i)‖₂ below which an error of this block would not have been seen, and the size
  /// ‖(g_i d_i)‖₂ of the block, along a direction.
  double floor = 0.0;
  double spread = 0.0;
  std::vector<DirectionSlope> alone{};  ///< one for each direction that moved this block alone

  /// Whether an error of the size asked for would have been seen.
  bool seen(const DirectionOptions& options) const { return miss <= options.miss; }
};

/// What random directions say: the whole gradient at a price that does not grow with θ.
struct DirectionResult {
  Verdict verdict = Verdict::inconclusive;
  std::vector<DirectionSlope> slopes;  ///< one per direction that was tried
  double miss = 1.0;  ///< probability with which an error of `smallest_error` would be missed
  std::vector<BlockSight> blocks;  ///< one per block of θ, in its order
  std::size_t evaluations = 0;
  bool complete = true;   ///< false: stopped by the progress callback
  std::string statement;  ///< the same in words, with the floors of blocks that were not seen

  explicit operator bool() const noexcept { return verdict == Verdict::pass; }
};

/// Tries directions one after the other until one contradicts the gradient, or until the
/// probability of having missed an error is small enough. The k-th direction misses an error e with
/// probability about 0.8 bar/‖e‖, because e·d is Gaussian; independent ones multiply. Then every
/// block in which an error could still have been missed is moved alone. A block that J hardly
/// depends on may stay unseen even so: its floor is stated, and where that is no longer small
/// beside the whole gradient the answer is "inconclusive".
DirectionResult check_directions(const Cost& cost, const Gradient& gradient,
                                 const ParameterVector& theta,
                                 const DirectionOptions& options = {});

/// Which entries are wrong, found by testing groups.
struct BadEntries {
  std::vector<std::size_t> positions;  ///< in θ, ascending
  std::size_t probes = 0;              ///< group tests made
  std::size_t evaluations = 0;
  bool complete = true;  ///< false: more entries are wrong than were asked for
};

/// Halves a direction along which J contradicts the gradient: what it is off by is the sum of what
/// its halves are off by, so that one slope of four values tells for both. About log₂ n slopes for
/// one bad entry among n, and for each further one. An error too small to be seen among its whole
/// group, √n weaker than alone, is not found: an empty answer is no proof.
BadEntries find_bad_entries(const Cost& cost, const Gradient& gradient,
                            const ParameterVector& theta, std::size_t most = 8,
                            const DirectionOptions& options = {});

}  // namespace dtheta::gradcheck
