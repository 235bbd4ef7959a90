#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <ranges>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "autodiff/tensor.hpp"
#include "autodiff/var.hpp"

namespace dtheta {

/// An array as it is handed to a function: whose elements they are stays as it is, nothing is
/// copied. A Tensor; a number; or any contiguous range of double, float or Index, as one axis.
class ArrayArg {
 public:
  ArrayArg(const Tensor& tensor)
      : shape_(tensor.shape()), dtype_(tensor.dtype()), bytes_(tensor.bytes()) {}
  ArrayArg(double number) : shape_(Shape{}), dtype_(DType::float64), number_(number) {}
  template <std::ranges::contiguous_range R>
  requires(Element<std::remove_cv_t<std::ranges::range_value_t<R>>> &&
           !std::same_as<std::remove_cvref_t<R>, Tensor>) ArrayArg(const R& range)
      : shape_{static_cast<Index>(std::ranges::size(range))},
        dtype_(dtype_of<std::remove_cv_t<std::ranges::range_value_t<R>>>),
        bytes_(std::ranges::data(range)) {}

  [[nodiscard]] const Shape& shape() const { return shape_; }
  [[nodiscard]] DType dtype() const { return dtype_; }
  [[nodiscard]] const void* bytes() const { return bytes_ != nullptr ? bytes_ : &number_; }
  /// A copy.
  [[nodiscard]] Tensor tensor() const;

 private:
  Shape shape_;
  DType dtype_;
  double number_ = 0;
  const void* bytes_ = nullptr;  // null: the number
};

/// A value and what it changes by. A function keeps them and writes them anew with each call:
/// `const auto& [value, gradients] = f.value_and_grad(w, b)` sees the next call's, `auto` a copy.
struct ValueAndGrad {
  double value = 0;
  /// For each argument, of its shape; that of an index array has no elements.
  std::vector<Tensor> gradients{};
};
struct ValueAndTangent {
  Tensor value{};
  Tensor tangent{};
};

struct FunctionOptions {
  /// Recordings that are kept: one for each combination of shapes and dtypes, and of branches
  /// taken. Beyond that the one that was used least recently goes.
  std::size_t recordings = 16;
};

namespace detail {

/// What a Function is when the type of its body is forgotten.
class FunctionCore {
 public:
  using Body = std::function<Var(std::span<const Var>)>;

  explicit FunctionCore(const FunctionOptions& options);
  FunctionCore(FunctionCore&&) noexcept;
  FunctionCore& operator=(FunctionCore&&) noexcept;
  ~FunctionCore();

  const Tensor& value(const Body& body, std::span<const ArrayArg> xs);
  const ValueAndGrad& value_and_grad(const Body& body, std::span<const ArrayArg> xs);
  const ValueAndTangent& jvp(const Body& body, std::span<const ArrayArg> xs,
                             std::span<const ArrayArg> tangents);
  const ValueAndGrad& hvp(const Body& body, std::span<const ArrayArg> xs,
                          std::span<const ArrayArg> vs);
  [[nodiscard]] std::size_t recordings() const;

 private:
  struct Caches;
  std::unique_ptr<Caches> caches_;
};

template <class F, class... V>
auto invoke_on(const F& f, std::span<const Var> xs) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return Var(f(xs[I]...)); }
  (std::make_index_sequence<sizeof...(V)>{});
}

template <class>
using VarFor = Var;

}  // namespace detail

/// A function of arrays that was written in ops, for who wants no tape:
///
///   auto f = dtheta::function([](Var w, Var b) { return sum(square(w)) * b; });
///   double y = f(w, b).item();                          // w, b: Tensor, std::vector<double>, 2.0
///   const auto& [value, gradients] = f.value_and_grad(w, b);
///
/// It is recorded at its first call and compiled; later ones replay it and allocate nothing. For
/// other shapes or dtypes, or where an `if` on a value goes the other way, it is recorded anew, and
/// the recordings are kept. float where all real arguments are, else double. The body must be a
/// function of its arguments alone; random ops draw what they draw at step 0.
///
/// Used by one thread at a time. Errors are those of the ops and of `grad`.
template <class F>
class Function {
 public:
  explicit Function(F f, const FunctionOptions& options = {})
      : body_(std::move(f)), core_(options) {}

  /// f(x...): valid, as all results, until the next call of the same kind.
  template <class... X>
  const Tensor& operator()(const X&... x) {
    return core_.value(body<X...>(), std::array<ArrayArg, sizeof...(X)>{ArrayArg(x)...});
  }
  /// f and df/dx for each x; f must be a single number (ShapeError).
  template <class... X>
  const ValueAndGrad& value_and_grad(const X&... x) {
    return core_.value_and_grad(body<X...>(), std::array<ArrayArg, sizeof...(X)>{ArrayArg(x)...});
  }
  /// f at xs and its change along tangents, of their shapes: f.jvp(w, b)(dw, db).
  template <class... X>
  auto jvp(const X&... x) {
    return [this, xs = std::array<ArrayArg, sizeof...(X)>{ArrayArg(x)...}]<class... V>(
               const V&... v) -> const ValueAndTangent& {
      static_assert(sizeof...(V) == sizeof...(X), "as many tangents as arguments");
      return core_.jvp(body<X...>(), xs, std::array<ArrayArg, sizeof...(V)>{ArrayArg(v)...});
    };
  }
  /// f at xs and the product of its second derivatives with v: f.hvp(w, b)(vw, vb).
  template <class... X>
  auto hvp(const X&... x) {
    return [this, xs = std::array<ArrayArg, sizeof...(X)>{ArrayArg(x)...}]<class... V>(
               const V&... v) -> const ValueAndGrad& {
      static_assert(sizeof...(V) == sizeof...(X), "as many vectors as arguments");
      return core_.hvp(body<X...>(), xs, std::array<ArrayArg, sizeof...(V)>{ArrayArg(v)...});
    };
  }
  /// The gradient at xs held against differences of the function; needs
  /// gradcheck/bridge/function_check.hpp.
  template <class... X>
  auto check(const X&... x) const {
    return check_function(*this, x...);
  }

  /// How many recordings are kept.
  [[nodiscard]] std::size_t recordings() const { return core_.recordings(); }
  /// Records the function on a tape of one's own.
  template <std::same_as<Var>... V>
  [[nodiscard]] Var record(V... x) const {
    return body_(x...);
  }

 private:
  template <class... X>
  [[nodiscard]] detail::FunctionCore::Body body() const {
    static_assert(std::is_invocable_r_v<Var, const F&, detail::VarFor<X>...>,
                  "the function takes another number of arguments, or its body is no function of "
                  "Vars that returns one");
    return [this](std::span<const Var> xs) { return detail::invoke_on<F, X...>(body_, xs); };
  }

  F body_;
  detail::FunctionCore core_;
};

/// The Function of a body; see there.
template <class F>
[[nodiscard]] Function<F> function(F body, const FunctionOptions& options = {}) {
  return Function<F>(std::move(body), options);
}

/// A callable that gives value and gradients at once: value_and_grad(body)(w, b).
template <class F>
[[nodiscard]] auto value_and_grad(F body, const FunctionOptions& options = {}) {
  return [f = Function<F>(std::move(body), options)]<class... X>(
             const X&... x) mutable -> const ValueAndGrad& { return f.value_and_grad(x...); };
}

}  // namespace dtheta
