#include "nn/train/step/lbfgs_step.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "autodiff/errors.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::nn::detail {
namespace {

std::size_t elements_of(std::span<const Var> parameters) {
  Index size = 0;
  for (const Var p : parameters) size += p.size();
  return static_cast<std::size_t>(size);
}

std::array<Var, 3> memory_on(Tape& tape, Index pairs, std::size_t size) {
  if (pairs < 1) {
    throw ValueError(fmt::format("lbfgs: memory {} must be at least 1", pairs));
  }
  const Shape table{pairs, static_cast<Index>(size)};
  return {tape.leaf(Tensor(table, DType::float32), "lbfgs.s"),
          tape.leaf(Tensor(table, DType::float32), "lbfgs.y"),
          tape.leaf(Tensor(Shape{}, DType::float32), "lbfgs.pairs")};
}

Plan plan_of(Var cost, std::span<const Var> gradients, std::span<const Var> memory) {
  std::vector<Var> outputs{cost};
  outputs.insert(outputs.end(), gradients.begin(), gradients.end());
  outputs.insert(outputs.end(), memory.begin(), memory.end());
  return Plan(outputs);
}

}  // namespace

LbfgsStep::LbfgsStep(const Lbfgs& options, const RecordedCost& cost, std::span<const Var> gradients,
                     unsigned threads)
    : cost_(cost.cost),
      parameters_(leaves_of(cost.parameters)),
      gradients_(gradients.begin(), gradients.end()),
      size_(elements_of(parameters_)),
      memory_(memory_on(cost.cost.tape(), options.memory, size_)),
      workspace_(plan_of(cost_, gradients_, memory_), threads) {}

double LbfgsStep::evaluate(std::span<const double> theta, std::span<double> gradient) {
  for (const Var p : parameters_) {
    const auto n = static_cast<std::size_t>(p.size());
    std::ranges::transform(theta.first(n), workspace_.leaf(p).begin(),
                           [](double v) { return static_cast<float>(v); });
    theta = theta.subspan(n);
  }
  workspace_.run();
  for (const Var g : gradients_) {
    std::ranges::copy(workspace_[g], gradient.begin());
    gradient = gradient.subspan(static_cast<std::size_t>(g.size()));
  }
  return static_cast<double>(workspace_[cost_][0]);
}

std::deque<LbfgsPair> LbfgsStep::pairs() const {
  const auto count = static_cast<std::size_t>(workspace_[memory_[2]][0]);
  std::deque<LbfgsPair> pairs(count);
  for (std::size_t k = 0; k < count; ++k) {
    const auto row = [&](Var table) {
      const std::span<const float> values = workspace_[table].subspan(k * size_, size_);
      return std::vector<double>(values.begin(), values.end());
    };
    pairs[k] = {row(memory_[0]), row(memory_[1])};
  }
  return pairs;
}

void LbfgsStep::keep(const std::deque<LbfgsPair>& pairs) {
  for (std::size_t k = 0; k < pairs.size(); ++k) {
    const auto put = [&](Var table, const std::vector<double>& values) {
      std::ranges::transform(values, workspace_.leaf(table).subspan(k * size_, size_).begin(),
                             [](double v) { return static_cast<float>(v); });
    };
    put(memory_[0], pairs[k].s);
    put(memory_[1], pairs[k].y);
  }
  workspace_.leaf(memory_[2])[0] = static_cast<float>(pairs.size());
}

void LbfgsStep::find(const std::function<void(Workspace<float>&)>& load) {
  load(workspace_);
  std::vector<double> theta;
  for (const Var p : parameters_) {
    const std::span<const float> values = workspace_[p];
    theta.insert(theta.end(), values.begin(), values.end());
  }
  const CostAndGradient f = [this](std::span<const double> x, std::span<double> gradient) {
    return evaluate(x, gradient);
  };
  LbfgsSearch search(f, memory_[0].shape()[0], LbfgsSearch::Rounding::to_float);
  search.set_pairs(pairs());
  search.start(std::move(theta));
  static_cast<void>(search.iterate());
  keep(search.pairs());
  found_ = search.at().theta;
  for (std::size_t i = 0; i < size_; ++i) {
    if (!std::isfinite(search.at().gradient[i])) found_[i] -= search.at().gradient[i];
  }
}

void LbfgsStep::move(Workspace<float>& to) const {
  std::span<const double> theta = found_;
  for (const Var p : parameters_) {
    const auto n = static_cast<std::size_t>(p.size());
    if (to.plan().has_leaf(p)) {
      std::ranges::transform(theta.first(n), to.leaf(p).begin(),
                             [](double v) { return static_cast<float>(v); });
    }
    theta = theta.subspan(n);
  }
}

}  // namespace dtheta::nn::detail
