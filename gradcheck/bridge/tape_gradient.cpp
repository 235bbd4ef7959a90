#include "gradcheck/bridge/tape_gradient.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::gradcheck {
namespace {

/// What is left behind the first elements of θ, which are taken.
template <class T>
std::span<T> take_first(std::span<T>& theta, std::size_t count) {
  const std::span<T> first = theta.first(count);
  theta = theta.subspan(count);
  return first;
}

}  // namespace

TapeGradient::TapeGradient(Var cost, std::span<const CheckedLeaf> leaves) {
  const Tape::Scratch scratch(cost.tape());  // the user's tape stays as it was
  const std::vector<Var> vars = vars_of(leaves);
  const std::vector<Var> gradient = grad(cost, vars);
  for (std::size_t k = 0; k < vars.size(); ++k) {
    if (gradient[k].shape() == vars[k].shape()) continue;
    throw ShapeError(fmt::format("gradient: that of {} has shape {} instead of {}", leaves[k].name,
                                 to_string(gradient[k].shape()), to_string(vars[k].shape())));
  }
  if (cost.tape().precision() == DType::float32) {
    replay_.emplace<Replay<float>>(vars, gradient);
  } else {
    replay_.emplace<Replay<double>>(vars, gradient);
  }
}

template <Scalar T>
TapeGradient::Replay<T>::Replay(std::span<const Var> vars, std::span<const Var> gradient)
    : ws(Plan(gradient)) {
  for (std::size_t k = 0; k < vars.size(); ++k) {
    leaves.push_back(ws.plan().has_leaf(vars[k]) ? ws.leaf(vars[k]) : std::span<T>());
    gradients.push_back(ws[gradient[k]]);
  }
}

template <Scalar T>
void TapeGradient::Replay<T>::run(std::span<const double> theta, std::span<double> gradient) {
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const auto from = take_first(theta, gradients[k].size());
    if (leaves[k].empty()) continue;
    std::ranges::transform(from, leaves[k].begin(), [](double v) { return static_cast<T>(v); });
  }
  ws.run();
  for (const std::span<const T> g : gradients) {
    std::ranges::copy(g, take_first(gradient, g.size()).begin());
  }
}

void TapeGradient::at(std::span<const double> theta, std::span<double> gradient) {
  std::visit(
      [&](auto& replay) {
        if constexpr (requires { replay.run(theta, gradient); }) replay.run(theta, gradient);
      },
      replay_);
}

}  // namespace dtheta::gradcheck
