#pragma once

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <vector>

#include "autodiff/workspace.hpp"
#include "nn/cost.hpp"
#include "nn/lbfgs.hpp"
#include "nn/optimizers/lbfgs_search.hpp"

namespace dtheta::nn::detail {

/// An iteration of L-BFGS as a training step: it asks for cost and gradient of one batch until it
/// has found weights at which the cost is lower. What it remembers of the steps before are leaves
/// of its plan, so that it is kept and restored as all state is.
class LbfgsStep {
 public:
  LbfgsStep(const Lbfgs& options, const RecordedCost& cost, std::span<const Var> gradients,
            unsigned threads);

  /// Looks for the weights of the next step, from the leaves that `load` sets: batch, buffers,
  /// and weights. Where no step lowers the cost, the weights stay; where the gradient is not
  /// finite, neither are they.
  void find(const std::function<void(Workspace<float>&)>& load);
  /// Puts the weights that were found.
  void move(Workspace<float>& to) const;

  [[nodiscard]] std::span<const Var> memory() const { return memory_; }
  [[nodiscard]] const Workspace<float>& workspace() const { return workspace_; }
  [[nodiscard]] Workspace<float>& workspace() { return workspace_; }

 private:
  [[nodiscard]] double evaluate(std::span<const double> theta, std::span<double> gradient);
  [[nodiscard]] std::deque<LbfgsPair> pairs() const;
  void keep(const std::deque<LbfgsPair>& pairs);

  Var cost_;
  std::vector<Var> parameters_, gradients_;
  std::size_t size_ = 0;       // of all parameters
  std::array<Var, 3> memory_;  // the steps, the changes of the gradient, how many of them
  Workspace<float> workspace_;
  std::vector<double> found_;
};

}  // namespace dtheta::nn::detail
