#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "gradcheck/judge/law.hpp"
#include "gradcheck/judge/request.hpp"
#include "gradcheck/oracle.hpp"

namespace dtheta::gradcheck::detail {

/// Roundings, as measured, by which an entry may differ from its derivative: what they were
/// measured with is rounded, too.
inline constexpr double rounding_room = 1.5;

/// One entry that double leaves in doubt, and what its derivative is judged by.
struct Doubt {
  std::size_t block = 0;  ///< among those to check
  std::size_t entry = 0;
  double x = 0.0;
  double analytic = 0.0;
  double length = 0.0;  ///< scale of the block's entries
  Scales scales{};
  double reach = 0.0;       ///< size of this derivative, at least the reference
  double rounding = 0.0;    ///< of the analytic value, as measured (Options::gradient_rounding)
  double crumb = 0.0;       ///< a derivative so small moves J by no more than J is rounded
  double negligible = 0.0;  ///< a derivative so small is zero to a gradient of this arithmetic
  std::optional<Corner> corner{};
  bool looked = false;  ///< for a corner
};

/// Brings the slopes that an oracle gives before the law (law.hpp), as a Search does those in
/// double.
class OracleJudge {
 public:
  /// `noise`: ε_f of J in double. `find_corner` looks for a corner near an entry, once.
  OracleJudge(const Request& request, double noise, std::function<void(Doubt&)> find_corner)
      : request_(request), noise_(noise), find_corner_(std::move(find_corner)) {}

  /// What the oracle has to say, or nothing. Adds to `evaluations` what it was asked for.
  std::optional<Finding> judge(const Oracle& oracle, Doubt& doubt, std::size_t& evaluations) const;

 private:
  /// A wide slope and what it is worth as evidence.
  struct Measured {
    WideSlope slope;
    Witness witness{};
    Sides sides{};
    bool corner = false;  // the slopes of the two sides differ visibly, and by what matters
  };
  using Ask = std::function<WideSlope(double step)>;

  std::optional<Finding> judge_stepped(const Oracle& oracle, Doubt& doubt, const Ask& ask) const;
  std::optional<Finding> judge_stepless(const Oracle& oracle, const Doubt& doubt,
                                        const Ask& ask) const;
  std::optional<Finding> judge_corner(const Oracle& oracle, Doubt& doubt, const Ask& ask,
                                      const Measured& near) const;
  double step_for(const Oracle& oracle, const Doubt& doubt) const;
  double noise_of(const Oracle& oracle, double magnitude) const;
  Claim claim_of(const Doubt& doubt) const;
  Measured measure(const Oracle& oracle, const Doubt& doubt, const Ask& ask, double step) const;
  std::optional<Finding> judge_rounding(const Witness& m, const Doubt& doubt) const;

  const Request& request_;
  double noise_;
  std::function<void(Doubt&)> find_corner_;
};

}  // namespace dtheta::gradcheck::detail
