#include "autodiff/ops/loss/losses_embedding.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <limits>

#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/operands.hpp"
#include "autodiff/ops/reduction/norm.hpp"
#include "autodiff/ops/reduction/reduction.hpp"

namespace dtheta {
namespace {

/// The shape that real operands broadcast to. Throws errors that name `op` when they do not, hold
/// indices, or are scalars without an axis for vectors.
Shape common_shape(std::string_view op, std::initializer_list<Arg> args) {
  Shape shape;
  for (const Arg& a : args) {
    detail::require_real(op, a.var().type());
    shape = broadcast(op, shape, a.var().shape());
  }
  if (shape.rank() == 0) throw ShapeError(fmt::format("{}: {} has no axis", op, to_string(shape)));
  return shape;
}

}  // namespace

Var cosine_similarity(Arg a, Arg b, int axis, double eps) {
  const Shape shape = common_shape("cosine_similarity", {a, b});
  const int along = normalize_axis("cosine_similarity", axis, shape.rank());
  const Var u = broadcast_to(a, shape), v = broadcast_to(b, shape);
  const auto length = [&](Var x) {
    return clamp(norm(x, 2, along, true), eps, std::numeric_limits<double>::infinity());
  };
  return sum((u / length(u)) * (v / length(v)), along);
}

Var pairwise_distance(Arg a, Arg b, double p, double eps) {
  common_shape("pairwise_distance", {a, b});
  return norm(a - b + eps, p, -1);
}

Var cosine_embedding(Arg a, Arg b, Arg y, double margin) {
  common_shape("cosine_embedding", {a, b});
  const Var cosine = cosine_similarity(a, b);
  if (!y.is_number()) {
    detail::require_real("cosine_embedding", y.var().type());
    static_cast<void>(broadcast("cosine_embedding", cosine.shape(), y.var().shape()));
  }
  return where(equal(y, 1), 1 - cosine, relu(cosine - margin));
}

Var triplet_margin(Arg anchor, Arg positive, Arg negative, double margin, double p, double eps,
                   bool swap) {
  if (!(margin > 0)) {
    throw ValueError(fmt::format("triplet_margin: margin {} must be positive", margin));
  }
  common_shape("triplet_margin", {anchor, positive, negative});
  const Var near = pairwise_distance(anchor, positive, p, eps);
  Var far = pairwise_distance(anchor, negative, p, eps);
  if (swap) far = minimum(far, pairwise_distance(positive, negative, p, eps));
  return relu(near - far + margin);
}

}  // namespace dtheta
