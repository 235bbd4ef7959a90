#include "benchmarks/adbench/ba.hpp"

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/indexing.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta::bench::adbench {
namespace {

/// A vector of three numbers for every observation.
struct Vector {
  Var x, y, z;
};

Vector operator+(const Vector& a, const Vector& b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
Vector operator*(Var s, const Vector& a) { return {s * a.x, s * a.y, s * a.z}; }
Vector cross(const Vector& a, const Vector& b) {
  return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
Var dot(const Vector& a, const Vector& b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
Vector where(Var condition, const Vector& a, const Vector& b) {
  return {where(condition, a.x, b.x), where(condition, a.y, b.y), where(condition, a.z, b.z)};
}

/// X turned by the angle |v| about v (Rodrigues):
///   cos |v| X + sin |v| (u x X) + (1 - cos |v|) (u . X) u  with u = v / |v|,
/// and to first order, X + v x X, where v = 0.
Vector rotated(const Vector& v, const Vector& X) {
  const Var square_angle = dot(v, v), turns = square_angle > 0;
  const Var angle = sqrt(where(turns, square_angle, 1));
  const Vector u = reciprocal(angle) * v;
  const Var c = cos(angle);
  const Vector turned = c * X + sin(angle) * cross(u, X) + ((1 - c) * dot(u, X)) * u;
  return where(turns, turned, X + cross(v, X));
}

/// Column j of the rows of a (count, width) matrix at `indices`, for each j.
std::vector<Var> columns_at(Var matrix, Var indices) {
  const Var across = transpose(take(matrix, indices, 0));
  std::vector<Var> result;
  for (Index j = 0; j < across.shape()[0]; ++j) result.push_back(select(across, 0, j));
  return result;
}

}  // namespace

RecordedBundle record_bundle(Tape& tape, const BundleInput& in) {
  const Index n = in.observations;
  const auto tensor = [](const auto& values, const Shape& shape) {
    return Tensor(shape, std::span(values));
  };
  RecordedBundle b;
  b.cameras = tape.leaf(tensor(in.camera_values, {in.cameras, camera_size}));
  b.points = tape.leaf(tensor(in.point_values, {in.points, point_size}));
  b.weights = tape.leaf(tensor(in.weights, {n}));
  const Var features = transpose(tape.constant(tensor(in.features, {n, 2})));

  const std::vector<Var> cam = columns_at(b.cameras, tape.constant(tensor(in.camera, {n})));
  const std::vector<Var> at = columns_at(b.points, tape.constant(tensor(in.point, {n})));
  const Var w = b.weights;
  const Vector offset{at[0] - cam[3], at[1] - cam[4], at[2] - cam[5]};
  const Vector seen = rotated({cam[0], cam[1], cam[2]}, offset);
  const Var px = seen.x / seen.z, py = seen.y / seen.z;
  const Var square_radius = square(px) + square(py);
  const Var scale = cam[6] * (1 + cam[9] * square_radius + cam[10] * square(square_radius));
  b.r = {w * (scale * px + cam[7] - select(features, 0, 0)),
         w * (scale * py + cam[8] - select(features, 0, 1))};

  // Error i depends on its own numbers only: the gradient of the sum of all errors has every row.
  std::vector<Var> inputs = cam;
  inputs.insert(inputs.end(), at.begin(), at.end());
  inputs.push_back(w);
  for (std::size_t a = 0; a < 2; ++a) b.rows[a] = grad(sum(b.r[a]), inputs);
  b.e = 1 - square(w);
  b.d_e = grad(sum(b.e), w);
  return b;
}

}  // namespace dtheta::bench::adbench
