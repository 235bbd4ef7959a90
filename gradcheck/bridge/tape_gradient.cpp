#include "gradcheck/bridge/tape_gradient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

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

TapeGradient::TapeGradient(Var cost, std::span<const CheckedLeaf> leaves) : vars_(vars_of(leaves)) {
  const Tape::Scratch scratch(cost.tape());  // the user's tape stays as it was
  gradient_ = grad(cost, vars_);
  for (std::size_t k = 0; k < vars_.size(); ++k) {
    if (gradient_[k].shape() == vars_[k].shape()) continue;
    throw ShapeError(fmt::format("gradient: that of {} has shape {} instead of {}", leaves[k].name,
                                 to_string(gradient_[k].shape()), to_string(vars_[k].shape())));
  }
  plan_.emplace(gradient_);
  if (cost.tape().precision() == DType::float32) {
    replay_.emplace<Replay<float>>(*plan_, vars_, gradient_);
  } else {
    replay_.emplace<Replay<double>>(*plan_, vars_, gradient_);
  }
}

template <Scalar T>
TapeGradient::Replay<T>::Replay(const Plan& plan, std::span<const Var> vars,
                                std::span<const Var> gradient)
    : ws(plan), gradients(gradient.begin(), gradient.end()) {
  for (const Var x : vars) {
    leaves.push_back(ws.plan().has_leaf(x) ? ws.leaf(x) : std::span<T>());
    sizes.push_back(static_cast<std::size_t>(x.size()));
  }
}

template <Scalar T>
template <class To>
void TapeGradient::Replay<T>::run(std::span<const double> theta, std::span<To> gradient) {
  for (std::size_t k = 0; k < leaves.size(); ++k) {
    const auto from = take_first(theta, sizes[k]);
    if (leaves[k].empty()) continue;
    std::ranges::transform(from, leaves[k].begin(), [](double v) { return static_cast<T>(v); });
  }
  ws.run();
  for (const Var wanted : gradients) {
    const std::span<const T> g = ws[wanted];
    std::ranges::transform(g, take_first(gradient, g.size()).begin(),
                           [](T v) { return static_cast<To>(v); });
  }
}

void TapeGradient::at(std::span<const double> theta, std::span<double> gradient) {
  std::visit(
      [&](auto& replay) {
        if constexpr (requires { replay.ws; }) replay.run(theta, gradient);
      },
      replay_);
}

std::vector<double> TapeGradient::rounding(std::span<const double> theta,
                                           std::span<const double> gradient) const {
  // Eleven bits more tell what double has lost; quad would take a second for each 10^7 products.
  Replay<long double> wide(*plan_, vars_, gradient_);
  std::vector<long double> exact(gradient.size());
  wide.run(theta, std::span(exact));
  std::vector<double> lost(gradient.size());
  for (std::size_t i = 0; i < lost.size(); ++i) {
    lost[i] = static_cast<double>(std::abs(gradient[i] - exact[i]));
  }
  return lost;
}

}  // namespace dtheta::gradcheck
