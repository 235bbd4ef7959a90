#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/var.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/shared/crew.hpp"
#include "nn/cost.hpp"

namespace dtheta::gradcheck {

/// A leaf of a recorded cost that is to be checked.
struct CheckedLeaf {
  std::string name;
  std::size_t layer = 0;
  Var leaf;
};

/// A cost that draws new random numbers with every evaluation has no derivative to compare with.
struct LiveDropoutError : std::invalid_argument {
  LiveDropoutError();
};

/// A derivative rule on the tape cannot be used at all: it throws, or its result has another shape
/// than the operand. The message names the op and the line that recorded it.
struct UnusableRuleError : std::invalid_argument {
  using std::invalid_argument::invalid_argument;
};

/// Options of a network check: those of `check`, and what only a tape can do.
struct NetworkOptions : Options {
  /// Hold the masks of dropout and noise as they are at the tape's step. Without this a cost that
  /// has any is refused.
  bool frozen_masks = false;
  /// Where the check in double is in doubt, replay in wider scalars (replay_oracle.hpp).
  bool second_opinions = true;
  /// Where the check fails, look for the op whose rule is wrong (wrong_op.hpp). It becomes the
  /// first of the result's causes.
  bool blame_ops = true;
  /// The values at which to check, laid out as the leaves; null: those of the recording.
  const ParameterVector* theta = nullptr;
  /// A gradient to check in place of the tape's own, laid out as the leaves.
  const ParameterVector* gradient = nullptr;
  /// Processes that share the evaluations of J, all of which make the same checks of the same
  /// network: see shared.hpp for what each of them gets, and team_crew.hpp. Must be there as long
  /// as the check. Excludes a budget. Null: this process alone.
  const Crew* crew = nullptr;
};

[[nodiscard]] std::vector<Var> vars_of(std::span<const CheckedLeaf> leaves);

/// θ from the recorded values of the leaves.
[[nodiscard]] ParameterVector parameters_of(std::span<const CheckedLeaf> leaves);

/// The tape's gradient of `cost` at `theta`, computed in the tape's precision.
[[nodiscard]] ParameterVector gradient_of(Var cost, std::span<const CheckedLeaf> leaves,
                                          const ParameterVector& theta);

/// Checks the gradient of a recorded cost, regularisation and frozen dropout included. The cost is
/// replayed in double, whatever the precision of the tape; the gradient is the one that training in
/// the tape's precision would see, and is held to what that allows (default_tolerance). Throws
/// ShapeError for a cost of several elements, ValueError for a leaf that is none, LiveDropoutError
/// for a random cost unless `frozen_masks`, UnusableRuleError, and what `check` throws.
[[nodiscard]] Result check_network(Var cost, std::span<const CheckedLeaf> leaves,
                                   const NetworkOptions& options = {});

/// The same for a recorded network, whose parameters it knows by name and layer.
[[nodiscard]] Result check_network(const nn::RecordedCost& network,
                                   const NetworkOptions& options = {});
[[nodiscard]] std::vector<CheckedLeaf> checked_leaves(
    std::span<const nn::RecordedParameter> parameters);

/// The check of `check_network`, compiled once and carried out as often as one likes: at
/// initialisation, every epoch, after training. The first check compiles; a later one allocates
/// little more than its result.
///
/// The tape must be there as long as the check, and what was recorded must stay: StateError where
/// it is gone, or the check has been moved from. The gradient that `options.gradient` points to is
/// read anew by each check.
class NetworkCheck {
 public:
  /// Throws ShapeError, ValueError and LiveDropoutError as `check_network`.
  NetworkCheck(Var cost, std::span<const CheckedLeaf> leaves, NetworkOptions options = {});
  explicit NetworkCheck(const nn::RecordedCost& network, NetworkOptions options = {});
  NetworkCheck(NetworkCheck&&) noexcept;
  NetworkCheck& operator=(NetworkCheck&&) noexcept;
  ~NetworkCheck();

  /// Checks at `options.theta`, or else at the values of the recording.
  [[nodiscard]] Result operator()();
  /// Checks at another θ, laid out as the leaves.
  [[nodiscard]] Result operator()(const ParameterVector& theta);

 private:
  friend Result check_network(Var cost, std::span<const CheckedLeaf> leaves,
                              const NetworkOptions& options);
  friend Result check_network(const nn::RecordedCost& network, const NetworkOptions& options);
  class Compiled;
  [[nodiscard]] Compiled& compiled() const;
  std::unique_ptr<Compiled> compiled_;
};

/// The check before and after training.
struct BeforeAfter {
  Result initial;
  Result trained;
  explicit operator bool() const noexcept { return initial && trained; }
};

/// Checks at the recorded values, calls `train` with θ to be moved, and checks again there: some
/// bugs hide at initialisation, others after training.
[[nodiscard]] BeforeAfter check_before_and_after(
    Var cost, std::span<const CheckedLeaf> leaves,
    const std::function<void(ParameterVector& theta)>& train, const NetworkOptions& options = {});

}  // namespace dtheta::gradcheck
