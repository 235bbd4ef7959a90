#include "gradcheck/bridge/replay_oracle.hpp"

#include <algorithm>
#include <memory>
#include <optional>

#include "autodiff/tape.hpp"
#include "gradcheck/bridge/leaf_layout.hpp"

namespace dtheta::gradcheck {
namespace {

/// What all oracles of one cost share.
struct Replay {
  Replay(Var j, std::span<const Var> leaves, std::span<const double> at)
      : cost(j), layout(j, leaves), theta(at.begin(), at.end()) {
    layout.require_size(at);
  }

  const Plan& compiled() {
    if (!plan) plan.emplace(std::span(&cost, 1), PlanOptions{.reuse_memory = false});
    return *plan;
  }

  Var cost;
  LeafLayout layout;
  std::vector<double> theta;
  std::optional<Plan> plan;
};

/// J in T as one entry moves.
template <Scalar T>
class Line {
 public:
  explicit Line(std::shared_ptr<Replay> replay) : replay_(std::move(replay)) {}

  /// J with an entry at a value; at most one entry is moved at a time.
  T operator()(std::size_t entry, T value) {
    if (!ws_) {
      Workspace<T> at_theta(replay_->compiled());
      replay_->layout.set(at_theta, replay_->theta);
      at_theta.run();  // may throw: rounded otherwise, J may take another branch
      ws_.emplace(std::move(at_theta));
    }
    const auto place = replay_->layout.place_of(entry);
    const Var x = replay_->layout.leaves()[place.leaf];
    if (!ws_->plan().has_leaf(x)) return (*ws_)[replay_->cost][0];
    if (moved_ && *moved_ != place.leaf) ws_->rerun(replay_->layout.leaves()[*moved_]);
    moved_ = place.leaf;
    T& element = ws_->leaf(x)[place.element];
    const T before = element;
    element = value;
    try {
      ws_->rerun(x);
    } catch (...) {
      element = before;
      throw;
    }
    element = before;
    return (*ws_)[replay_->cost][0];
  }

 private:
  std::shared_ptr<Replay> replay_;
  std::optional<Workspace<T>> ws_;
  std::optional<std::size_t> moved_;  // the leaf whose dependents hold a moved entry's values
};

template <Scalar T>
Oracle difference_oracle(std::string name, const std::shared_ptr<Replay>& replay) {
  const auto line = std::make_shared<Line<T>>(replay);
  return {std::move(name), unit_roundoff_of<T>(), false, 7,
          [line, replay](std::size_t entry, double step) {
            return wide_slope<T>([&](T value) { return (*line)(entry, value); },
                                 replay->theta[entry], step);
          }};
}

Oracle complex_oracle(const std::shared_ptr<Replay>& replay) {
  const auto line = std::make_shared<Line<Complex>>(replay);
  return {"complex step", unit_roundoff_of<double>(), true, 1,
          [line, replay](std::size_t entry, double) {
            const Complex j = (*line)(entry, {replay->theta[entry], complex_step});
            return WideSlope{.value = j.imag() / complex_step, .magnitude = std::abs(j.real())};
          }};
}

/// Whether the cost can be replayed in complex numbers.
bool is_analytic(Var cost) {
  const Tape& tape = cost.tape();
  std::vector<char> needed(cost.index() + 1, 0);
  needed[cost.index()] = 1;
  for (std::uint32_t i = cost.index() + 1; i-- > 0;) {
    if (!needed[i] || tape.node(i).role != Role::op) continue;
    if (!tape.node(i).op->info.analytic) return false;
    for (const std::uint32_t in : tape.inputs(i)) needed[in] = 1;
  }
  return true;
}

}  // namespace

std::vector<Oracle> replay_oracles(Var cost, std::span<const Var> leaves,
                                   std::span<const double> theta) {
  const auto replay = std::make_shared<Replay>(cost, leaves, theta);
  std::vector<Oracle> oracles{difference_oracle<long double>("long double", replay),
                              difference_oracle<Quad>("quad", replay)};
  if (is_analytic(cost)) oracles.push_back(complex_oracle(replay));
  return oracles;
}

}  // namespace dtheta::gradcheck
