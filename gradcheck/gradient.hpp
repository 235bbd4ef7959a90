#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck {

/// The gradient under test: values in θ's order, or a function that computes them at θ.
class Gradient {
 public:
  using Function = std::function<void(std::span<const double>, std::span<double>)>;

  /// Values that were computed before. The span must outlive the check.
  template <class Values>
  requires std::convertible_to<const Values&, std::span<const double>> Gradient(
      const Values& values)
      : values_(std::span<const double>(values)) {}

  /// Values laid out as θ; their layout is compared with θ's. Must outlive the check.
  Gradient(const ParameterVector& values) : values_(values.values()), layout_(&values) {}

  /// f(θ, g) writes the gradient into g, which arrives full of NaN.
  template <class F>
  requires std::is_invocable_r_v<void, F&, std::span<const double>, std::span<double>> Gradient(F f)
      : function_(std::move(f)) {}

  /// f(θ) returns the gradient.
  template <class F>
  requires std::is_invocable_r_v<std::vector<double>, F&, std::span<const double>> Gradient(F f);

  /// The function, or null where values were given.
  const Function* function() const noexcept { return function_ ? &function_ : nullptr; }

  /// The values that were given, where none have to be computed; of θ's length. Throws as `at`.
  std::optional<std::span<const double>> given(const ParameterVector& theta) const;

  /// The gradient at θ. Throws ShapeError if it has another length or layout than θ.
  std::vector<double> at(const ParameterVector& theta) const;

 private:
  static void require_size(std::span<const double> values, std::size_t size);
  static void copy_whole(std::span<const double> from, std::span<double> to);

  std::span<const double> values_;
  const ParameterVector* layout_ = nullptr;
  Function function_;
};

template <class F>
requires std::is_invocable_r_v<std::vector<double>, F&, std::span<const double>> Gradient::Gradient(
    F f)
    : function_([f = std::move(f)](std::span<const double> theta, std::span<double> out) mutable {
        const std::vector<double> values = f(theta);
        copy_whole(values, out);
      }) {}

}  // namespace dtheta::gradcheck
