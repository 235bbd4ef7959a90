#include "gradcheck/bridge/network_check.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/blame/explain_failure.hpp"
#include "gradcheck/bridge/branches.hpp"
#include "gradcheck/bridge/cost_rounding.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"
#include "gradcheck/bridge/replay_oracle.hpp"
#include "gradcheck/bridge/tape_cost.hpp"
#include "gradcheck/bridge/tape_gradient.hpp"
#include "gradcheck/bridge/wrong_op.hpp"
#include "gradcheck/budget.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/shared/shared.hpp"

namespace dtheta::gradcheck {
namespace {

void refuse_live_masks(Var cost) {
  const Var step = cost.tape().step_if_used();
  if (step.exists() && Plan({cost}).has_leaf(step)) throw LiveDropoutError();
}

/// Looks at the branches of the ops, from the first time that it is asked.
CornerFinder corner_finder(Var cost, std::span<const Var> leaves, const ParameterVector& theta) {
  const auto branches = std::make_shared<std::optional<Branches>>();
  return [=, at = std::vector(theta.values().begin(), theta.values().end()),
          xs = std::vector(leaves.begin(), leaves.end())](std::size_t entry, double reach) {
    if (!*branches) branches->emplace(cost, xs, at);
    return (*branches)->nearest(entry, reach);
  };
}

}  // namespace

LiveDropoutError::LiveDropoutError()
    : std::invalid_argument(
          "this cost has live dropout: every evaluation draws new masks, so two evaluations of J "
          "differ by more than any derivative and a difference quotient means nothing. Two ways "
          "on: check with keep_prob = 1, or check with frozen masks (the same masks in every "
          "evaluation and in the gradient)") {}

/// What a check needs, each part compiled when it is first used.
class NetworkCheck::Compiled {
 public:
  Compiled(Var cost, std::span<const CheckedLeaf> leaves, NetworkOptions options,
           StackedProbes::Programs programs)
      : cost_(cost),
        leaves_(leaves.begin(), leaves.end()),
        options_(std::move(options)),
        programs_(programs) {
    require_single(cost);
    for (const CheckedLeaf& l : leaves_) require_leaf(cost, l.leaf, l.name);
    if (options_.crew != nullptr) detail::refuse_budget(options_, "check_network with a crew");
    if (!options_.frozen_masks) refuse_live_masks(cost);
    if (cost.tape().precision() == DType::float32) options_.gradient_roundoff = 0x1p-24;
    vars_ = vars_of(leaves);
    recorded_ = parameters_of(leaves);
    tape_gradient_.resize(recorded_.size());
  }

  /// For who knows which layers recorded the cost: failures are told with their paths.
  void name_layers(std::span<const nn::LayerCall> calls) {
    calls_.assign(calls.begin(), calls.end());
  }

  Result run() { return run(options_.theta != nullptr ? *options_.theta : recorded_); }

  Result run(const ParameterVector& theta) {
    start_ = std::chrono::steady_clock::now();
    cost_.tape().require(cost_);  // throws when what is checked is gone
    recorded_.require_same_layout(theta);
    if (options_.gradient == nullptr) differentiate(theta);
    if (!probes_) {
      probes_.emplace(cost_, vars_, theta.values(), options_.threads, programs_);
      find_unsteady(theta);
    } else {
      probes_->move_to(theta.values());
    }
    const bool wider = options_.second_opinions && options_.method == Method::adaptive;
    Result result = wider ? measure(theta, with_second_opinions(theta)) : measure(theta, options_);
    const bool judges = options_.crew == nullptr || options_.crew->rank == 0;
    if (!judges) return result;
    if (result.deterministic) name_unsteady(result);
    name_edges(result);
    if (result.verdict != Verdict::pass && result.complete && options_.blame_ops) {
      if (options_.gradient != nullptr) differentiate(theta);
      explain_failure(result, cost_, leaves_, theta, tape_gradient_, options_, limits(), calls_);
    }
    return result;
  }

 private:
  Result measure(const ParameterVector& theta, const NetworkOptions& options) {
    const Gradient gradient =
        options.gradient != nullptr ? Gradient(*options.gradient) : Gradient(tape_gradient_);
    if (options.crew != nullptr) return measure_shared(gradient, theta, options);
    Result result = options.budget ? measure_within(gradient, theta, options)
                                   : check_probes(std::ref(*probes_), gradient, theta, options);
    const DomainEdges& edges = probes_->edges();
    edges_ = {edges.count(), edges.count() > 0 ? std::string(edges.first()) : std::string()};
    return result;
  }

  Result measure_within(const Gradient& gradient, const ParameterVector& theta,
                        const NetworkOptions& options) {
    if (!anywhere_) anywhere_.emplace(cost_, vars_, options.threads);
    const Cost anywhere = std::ref(*anywhere_);
    BudgetOptions within{.budget = *options.budget, .check = options};
    // What was compiled has been paid for, too.
    within.budget.seconds = std::max(within.budget.seconds - spent(), 1e-9);
    return check_within(std::ref(*probes_), &anywhere, gradient, theta, within);
  }

  [[nodiscard]] double spent() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

  /// What is left of a budget for the search of wrong ops: a twentieth in any case.
  [[nodiscard]] WrongOpLimits limits() const {
    WrongOpLimits limits{.threads = options_.threads};
    if (options_.budget) {
      const double all = options_.budget->seconds;
      limits.seconds = std::max(all - spent(), 0.05 * all);
    }
    return limits;
  }

  Result measure_shared(const Gradient& gradient, const ParameterVector& theta,
                        const NetworkOptions& options) {
    const detail::Answerer own = [&](std::span<const Probe> asked, std::span<double> answers) {
      const std::size_t before = probes_->edges().count();
      (*probes_)(asked, answers);
      const std::size_t since = probes_->edges().count() - before;
      return detail::Tally{{since, since > 0 ? std::string(probes_->edges().first()) : ""}, false};
    };
    detail::Tally noticed;
    Result result = check_probes_shared(*options.crew, own, gradient, theta, options, noticed);
    edges_ = std::move(noticed.throws);
    return result;
  }

  /// Each leaf's probes compute other ops, so that what `check_probes` asks twice, a probe of one
  /// block, says nothing of the rest.
  void find_unsteady(const ParameterVector& theta) {
    for (const Block& block : theta.blocks()) {
      if (block.size == 0) continue;
      const Probe here{block.offset, theta.values()[block.offset]};
      double costs[2];
      for (double& cost : costs) (*probes_)(std::span(&here, 1), std::span(&cost, 1));
      const auto bits = [&](int k) { return std::bit_cast<std::uint64_t>(costs[k]); };
      if (bits(0) != bits(1)) unsteady_.push_back(block.name);
    }
  }

  void name_unsteady(Result& result) const {
    std::vector<std::string_view> checked;
    for (const BlockResult& block : result.blocks) {
      if (std::ranges::count(unsteady_, block.name) > 0) checked.push_back(block.name);
    }
    if (checked.empty()) return;
    result.deterministic = false;
    result.notes.push_back(fmt::format(
        "J is not deterministic: computed again from {}, it has other bits at the same theta; "
        "freeze what changes there, then check again",
        fmt::join(checked, ", ")));
    if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
  }

  void name_edges(Result& result) const {
    if (edges_.count == 0) return;
    result.notes.push_back(
        fmt::format("J cannot be computed at {} of the points beside theta that were asked for, "
                    "which count as outside its domain; the first time: {}",
                    edges_.count, edges_.first));
  }

  [[nodiscard]] NetworkOptions with_second_opinions(const ParameterVector& theta) {
    NetworkOptions options = options_;
    std::ranges::move(replay_oracles(cost_, vars_, theta.values()),
                      std::back_inserter(options.oracles));
    options.cost_rounding = [this, &theta] { return cancelled(theta); };
    options.corner = corner_finder(cost_, vars_, theta);
    if (!options.gradient_rounding) {
      options.gradient_rounding = [this, &theta] { return rounding(theta); };
    }
    return options;
  }

  /// What rounding does to J where large terms have cancelled in it; else 0, for measured noise
  /// is sharper.
  double cancelled(const ParameterVector& theta) {
    constexpr double many = 0x1p10;  // roundings of J, as of a long sum
    const Probe here{0, theta.values()[0]};
    double cost = 0.0;
    (*probes_)(std::span(&here, 1), std::span(&cost, 1));
    const double off = cost_rounding(cost_, vars_, theta.values());
    return off > many * 0x1p-53 * std::abs(cost) ? off : 0.0;
  }

  /// How far the gradient under test may be off by its own arithmetic: that of the tape as
  /// measured; another one adds in an order of its own, of which the tape's block says what is
  /// usual.
  std::vector<double> rounding(const ParameterVector& theta) {
    const bool own = options_.gradient == nullptr;
    if (!own) differentiate(theta);
    std::vector<double> lost = gradient_->rounding(theta.values(), tape_gradient_);
    for (const Block& block : theta.blocks()) {
      if (own || block.size == 0) continue;
      constexpr double other_orders = 32.0;
      const auto of_block = std::span(lost).subspan(block.offset, block.size);
      std::ranges::fill(of_block, other_orders * *std::ranges::max_element(of_block));
    }
    return lost;
  }

  /// The tape's gradient, or the op that makes it impossible.
  void differentiate(const ParameterVector& theta) try {
    if (!gradient_) gradient_.emplace(cost_, leaves_);
    gradient_->at(theta.values(), tape_gradient_);
  } catch (const std::exception&) {
    for (const WrongOp& wrong : find_wrong_ops(cost_, vars_, theta.values())) {
      if (!wrong.failure.empty()) throw UnusableRuleError("check: " + wrong.sentence());
    }
    throw;
  }

  Var cost_;
  std::vector<CheckedLeaf> leaves_;
  std::vector<Var> vars_;
  NetworkOptions options_;
  StackedProbes::Programs programs_;
  ParameterVector recorded_;
  std::optional<TapeGradient> gradient_;
  std::vector<double> tape_gradient_;
  std::optional<StackedProbes> probes_;
  std::vector<nn::LayerCall> calls_;
  std::optional<TapeCost> anywhere_;  // only within a budget
  std::chrono::steady_clock::time_point start_{};
  Throws edges_{};                     // points outside J's domain, in the check at hand
  std::vector<std::string> unsteady_;  // blocks from which J is not the same each time
};

NetworkCheck::NetworkCheck(Var cost, std::span<const CheckedLeaf> leaves, NetworkOptions options)
    : compiled_(std::make_unique<Compiled>(cost, leaves, std::move(options),
                                           StackedProbes::Programs::wherever_possible)) {}

NetworkCheck::NetworkCheck(const nn::RecordedCost& network, NetworkOptions options)
    : NetworkCheck(network.cost, checked_leaves(network.parameters), std::move(options)) {
  compiled_->name_layers(network.calls);
}

NetworkCheck::NetworkCheck(NetworkCheck&&) noexcept = default;
NetworkCheck& NetworkCheck::operator=(NetworkCheck&&) noexcept = default;
NetworkCheck::~NetworkCheck() = default;

NetworkCheck::Compiled& NetworkCheck::compiled() const {
  if (compiled_ == nullptr) throw StateError("network check: it has been moved from");
  return *compiled_;
}

Result NetworkCheck::operator()() { return compiled().run(); }

Result NetworkCheck::operator()(const ParameterVector& theta) { return compiled().run(theta); }

/// A single use of the parts of a NetworkCheck.
Result check_network(Var cost, std::span<const CheckedLeaf> leaves, const NetworkOptions& options) {
  return NetworkCheck::Compiled(cost, leaves, options, StackedProbes::Programs::where_worth).run();
}

Result check_network(const nn::RecordedCost& network, const NetworkOptions& options) {
  NetworkCheck::Compiled once(network.cost, checked_leaves(network.parameters), options,
                              StackedProbes::Programs::where_worth);
  once.name_layers(network.calls);
  return once.run();
}

BeforeAfter check_before_and_after(Var cost, std::span<const CheckedLeaf> leaves,
                                   const std::function<void(ParameterVector& theta)>& train,
                                   const NetworkOptions& options) {
  BeforeAfter both;
  NetworkCheck check(cost, leaves, options);
  ParameterVector theta = options.theta != nullptr ? *options.theta : parameters_of(leaves);
  both.initial = check(theta);
  train(theta);
  both.trained = check(theta);
  return both;
}

}  // namespace dtheta::gradcheck
