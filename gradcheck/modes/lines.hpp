#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "gradcheck/judge/scales.hpp"
#include "gradcheck/modes/theta_copies.hpp"
#include "gradcheck/parameter_vector.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck::detail {

/// A line through θ: entries from `first` to before `last` move along a random direction.
struct Line {
  std::size_t first = 0;
  std::size_t last = 0;
  std::uint64_t key = 0;  ///< of the direction; parts of a line have the key of the whole
};

/// Moves θ along random directions d that are never written down: d_i is uniform, signed, of
/// variance 1 in lengths of entry i, and a function of the line's key and i. Ball's bound on the
/// sections of a cube ("Cube slicing in R^n", Proc. AMS 97, 1986) says that whatever the error e of
/// a gradient is, |Σ e_i d_i| ≤ u with probability at most `chance` · u / ‖(e_i ℓ_i)‖₂.
class Lines {
 public:
  static constexpr double chance = 0.8165;  // √(2/3)

  /// Entries outside of `blocks`, and those whose derivative is not finite, stay where they are.
  /// All arguments must outlive this.
  Lines(ThetaCopies& copies, const Cost& cost, const ParameterVector& theta,
        std::span<const Block> blocks, std::span<const double> gradient, unsigned threads);

  /// Σ g_i d_i along a line.
  double claimed(const Line& line) const;

  /// ‖(g_i ℓ_i)‖₂ of a block, ℓ_i being the lengths of its entries.
  double size(std::size_t block) const { return moves_[block].size; }

  /// answers[k] = J(θ + probes[k].value · d), where d is that of lines[probes[k].index].
  void answer(std::span<const Line> lines, std::span<const Probe> probes,
              std::span<double> answers) const;

 private:
  struct Moves {
    Block block;
    double length = 1.0;                 // of its entries
    std::optional<BlockScales> mixed{};  // where they are in different units
    double size = 0.0;
  };
  template <class Visit>
  void each(const Line& line, Visit visit) const;
  double ask(const Line& line, double t) const;

  ThetaCopies& copies_;
  const Cost& cost_;
  std::span<const double> theta_;
  std::span<const double> gradient_;
  unsigned threads_;
  std::vector<Moves> moves_;
};

}  // namespace dtheta::gradcheck::detail
