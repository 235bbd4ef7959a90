#pragma once

#include "gradcheck/judge/request.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck::detail {

/// Asks J whether θ lies on a corner in which an entry takes part, though J is straight along the
/// entry itself.
class CornerWitness {
 public:
  /// `direction`: generic, in θ's units, so that nothing cancels along it.
  CornerWitness(const Request& request, const Cost& cost, std::span<const double> direction,
                double noise)
      : request_(request), cost_(cost), direction_(direction), noise_(noise) {}

  /// Whether J's slope along the direction jumps at θ, and otherwise at θ ± step·e_entry.
  bool takes_part(std::size_t entry, double step);

 private:
  struct Jump {
    double size = 0.0;
    double bar = 0.0;
  };
  Jump jump_at(std::size_t entry, double move, double t);
  double cost_at(std::size_t entry, double move, double t);

  const Request& request_;
  const Cost& cost_;
  std::span<const double> direction_;
  double noise_;
};

}  // namespace dtheta::gradcheck::detail
