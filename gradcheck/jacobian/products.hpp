#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "gradcheck/jacobian.hpp"

namespace dtheta::gradcheck {

/// A product with a Jacobian or a Hessian at x: of J with a direction v, of its transpose with a
/// weighting w of the outputs, or of H with v.
class DerivativeProduct {
 public:
  using Writer = std::function<void(std::span<const double> x, std::span<const double> v,
                                    std::span<double> out)>;

  /// product(x, v) returns it.
  template <class F>
  requires std::is_invocable_r_v<std::vector<double>, F&, std::span<const double>,
                                 std::span<const double>>
  DerivativeProduct(F f);

  /// product(x, v, out) writes it into out, which arrives full of NaN.
  template <class F>
  requires std::is_invocable_r_v<void, F&, std::span<const double>, std::span<const double>,
                                 std::span<double>>
  DerivativeProduct(F f) : write_(std::move(f)) {}

  /// The product, of `size` entries. Throws ShapeError for another number, and where it wrote
  /// outside of what it was lent.
  std::vector<double> at(std::span<const double> x, std::span<const double> v,
                         std::size_t size) const;

 private:
  static void copy_whole(std::span<const double> from, std::span<double> to);

  Writer write_;
};

/// How a product is checked.
struct ProductOptions {
  std::size_t most_units = 256;  ///< up to so many unit vectors all of them are tried: every entry
                                 ///< is judged. Beyond, random directions
  std::size_t directions = 8;    ///< random ones, where units are too many
  std::size_t linear = 3;        ///< random combinations for which the product must be linear
  std::uint64_t seed = 1;
  JacobianOptions check{};
};

/// Holds product(x, v) = J(x) v against differences of f: by all unit vectors, entry by entry,
/// where those are affordable; otherwise along random directions, which place an error among the
/// outputs alone. The product must be linear in v. The result's inputs are x's or, beyond
/// most_units, a block "direction".
JacobianResult check_jvp(const VectorFunction& f, const DerivativeProduct& jvp,
                         const ParameterVector& x, const ProductOptions& options = {});

/// The same for product(x, w) = J(x)^T w, by all unit vectors w or by random weightings, which are
/// then the outputs' block "weighting".
JacobianResult check_vjp(const VectorFunction& f, const DerivativeProduct& vjp,
                         const ParameterVector& x, const ProductOptions& options = {});

/// The same for product(x, v) = H(x) v against differences of the gradient; H must be symmetric.
JacobianResult check_hvp(const VectorFunction& gradient, const DerivativeProduct& hvp,
                         const ParameterVector& x, const ProductOptions& options = {});

/// Holds a Hessian, dense or sparse, against differences of the gradient. It must be symmetric;
/// where the differences themselves are not, the gradient is none of any cost, and a cause says so.
JacobianResult check_hessian(const VectorFunction& gradient, const Jacobian& hessian,
                             const ParameterVector& x, const JacobianOptions& options = {});

template <class F>
requires std::is_invocable_r_v<std::vector<double>, F&, std::span<const double>,
                               std::span<const double>>
DerivativeProduct::DerivativeProduct(F f)
    : write_([f = std::move(f)](std::span<const double> x, std::span<const double> v,
                                std::span<double> out) mutable { copy_whole(f(x, v), out); }) {}

}  // namespace dtheta::gradcheck
