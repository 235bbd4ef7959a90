#pragma once

#include <cstddef>

#include "gradcheck/judge/cost_noise.hpp"
#include "gradcheck/judge/request.hpp"
#include "gradcheck/judge/scales.hpp"
#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {

/// What all entries of a block share.
struct BlockPlan {
  Block block;
  BlockScales scales;
  std::size_t pilot = 0;         ///< position in θ of the entry that finds the step for the others
  double part = 0.0;             ///< the first step, in lengths of an entry
  double noise = 0.0;            ///< ε_f along its entries
  double margin = noise_margin;  ///< in which a value's error lies, in ε_f
  double rounding_noise = 0.0;   ///< of J under rounding of its entries
  bool quantized = false;        ///< J was seen to jump along its entries
  bool sounded = false;          ///< the noise is that over wide steps
  bool open = false;             ///< its largest derivative could not be settled
  bool unmoved = false;          ///< its gradient is zero: no entry can say how far to move

  /// The search of one of its entries.
  Search search(const Request& request, std::size_t entry) const;
  /// The same from another first step.
  Search search_from(const Request& request, std::size_t entry, double step) const;

  /// What its entries are judged by.
  Standard standard(const Request& request, std::size_t entry) const;
};

/// Plans for all blocks of a request, whose scales these are.
std::vector<BlockPlan> plan_blocks(const Request& request, std::span<const BlockScales> scales,
                                   std::span<const std::size_t> pilots, const CostNoise& noise);

/// The scales of all blocks. Where moving an entry by a size that is next to nothing does not move J,
/// of a parameter that is almost zero, or zero beside others that are tiny, the size is one that does
/// or 1.
std::vector<BlockScales> scales_of_blocks(const Request& request);

/// Position in θ of the block's largest derivative, or change of J per length.
std::size_t pilot_of(const Request& request, const Block& block, const BlockScales& scales);

/// The least step, in lengths of the pilot, at which the noise of a central stencil leaves the
/// tolerance some room.
double least_part(const Request& request, const BlockPlan& plan);

}  // namespace dtheta::gradcheck::detail
