#include "nn/minimize.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {
namespace {

void scatter(std::span<const double> theta, std::vector<Tensor>& at) {
  for (Tensor& t : at) {
    const auto n = static_cast<std::size_t>(t.size());
    std::ranges::copy(theta.first(n), t.data<double>().begin());
    theta = theta.subspan(n);
  }
}

}  // namespace

Minimum minimize(const std::function<const ValueAndGrad&(std::span<const Tensor>)>& f,
                 std::span<const ArrayArg> start, const LbfgsOptions& options) {
  Minimum found;
  std::vector<double> theta;
  for (const ArrayArg& x : start) {
    if (x.dtype() == DType::int64) {
      throw TypeError(
          fmt::format("minimize: argument {} is an array of indices, which cannot be moved",
                      found.at.size() + 1));
    }
    found.at.push_back(x.tensor().to(DType::float64));
    const auto values = found.at.back().data<double>();
    theta.insert(theta.end(), values.begin(), values.end());
  }
  const auto cost = [&](std::span<const double> at, std::span<double> gradient) {
    scatter(at, found.at);
    const ValueAndGrad& answer = f(found.at);
    for (const Tensor& g : answer.gradients) {
      const auto values = g.data<double>();
      std::ranges::copy(values, gradient.begin());
      gradient = gradient.subspan(values.size());
    }
    return answer.value;
  };
  found.search = minimize_lbfgs(cost, theta, options);
  scatter(theta, found.at);
  return found;
}

}  // namespace dtheta::nn::detail
