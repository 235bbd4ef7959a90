#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "autodiff/var.hpp"

namespace dtheta {

/// Derivatives, recorded on the same tape as ordinary ops: differentiate them again for any order.
///
/// All of these accept values of one tape only and throw StateError otherwise. Where y does not
/// depend on x the result is a recorded zero of the right shape.

/// dy/dx for each x, each of the shape of its x. y must have a single element (ShapeError).
[[nodiscard]] std::vector<Var> grad(Var y, std::span<const Var> xs);
[[nodiscard]] std::vector<Var> grad(Var y, std::initializer_list<Var> xs);
[[nodiscard]] Var grad(Var y, Var x);

/// The numbers of grad(y, xs), where nothing more is to be done with them than to read them: nothing
/// is recorded, and single numbers take half of the time. They have the same bits, but for roundings
/// where a rule looks at what its operand was, as that of `cube` does at a `hypot`. For programs that are
/// recorded anew each time, with loops and branches that depend on values; what keeps its shape is
/// faster as a Plan. Requirements and errors are those of `grad`.
[[nodiscard]] std::vector<Tensor> backward(Var y, std::span<const Var> xs);
[[nodiscard]] std::vector<Tensor> backward(Var y, std::initializer_list<Var> xs);
[[nodiscard]] Tensor backward(Var y, Var x);

/// Vector-Jacobian product: for each x the sum over k of cotangents[k] . dys[k]/dx.
/// Each cotangent has the shape of its y (ShapeError).
[[nodiscard]] std::vector<Var> vjp(std::span<const Var> ys, std::span<const Var> cotangents,
                                   std::span<const Var> xs);

/// Jacobian-vector product: for each y the sum over k of dy/dxs[k] . tangents[k].
/// Each tangent has the shape of its x (ShapeError).
[[nodiscard]] std::vector<Var> jvp(std::span<const Var> ys, std::span<const Var> xs,
                                   std::span<const Var> tangents);

/// Hessian-vector product: for each x the sum over k of d2y/(dx dxs[k]) . vs[k].
[[nodiscard]] std::vector<Var> hvp(Var y, std::span<const Var> xs, std::span<const Var> vs);

}  // namespace dtheta
