#include "benchmarks/adbench/hand.hpp"

#include <array>
#include <span>
#include <vector>

#include "autodiff/dense_derivatives.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/trigonometric.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/concat.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"

namespace dtheta::bench::adbench {
namespace {

constexpr auto fingers = static_cast<Index>(HandInput::fingers);
constexpr auto bones = static_cast<Index>(HandInput::bones);

Tensor matrix(std::initializer_list<double> elements) { return Tensor(Shape{4, 4}, elements); }

void append(std::vector<double>& to, const Affine<double>& a) {
  for (const auto& row : a) to.insert(to.end(), row.begin(), row.end());
  to.insert(to.end(), {0, 0, 0, 1});
}

/// That bone of each finger, (fingers, 4, 4).
Var of_fingers(Tape& tape, const std::array<Affine<double>, HandInput::bones>& all,
               std::size_t phalanx) {
  std::vector<double> elements;
  for (std::size_t f = 0; f < HandInput::fingers; ++f) {
    append(elements, all[HandInput::bone(f, phalanx)]);
  }
  return tape.constant(Tensor(Shape{fingers, 4, 4}, std::span<const double>(elements)));
}

Var one(Tape& tape, const Affine<double>& a) {
  std::vector<double> elements;
  append(elements, a);
  return tape.constant(Tensor(Shape{1, 4, 4}, std::span<const double>(elements)));
}

/// Rotations by angles (fingers): each entry is a constant, the cosine or the sine.
Var rotations(Var angles, const Tensor& fixed, const Tensor& by_cosine, const Tensor& by_sine) {
  Tape& tape = angles.tape();
  const Var a = reshape(angles, {fingers, 1, 1});
  return tape.constant(fixed) + cos(a) * tape.constant(by_cosine) + sin(a) * tape.constant(by_sine);
}

Var bent(Var angles) {
  return rotations(angles, matrix({1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                   matrix({0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}),
                   matrix({0, 0, 0, 0, 0, 0, -1, 0, 0, 1, 0, 0, 0, 0, 0, 0}));
}
Var spread(Var angles) {
  return rotations(angles, matrix({0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}),
                   matrix({1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0}),
                   matrix({0, 0, 1, 0, 0, 0, 0, 0, -1, 0, 0, 0, 0, 0, 0, 0}));
}

/// What moves the vertices that are at rest, (bones, 4, 4): first the arm, then all first
/// phalanges, all second ones ...
Var skin_of(Tape& tape, const HandInput& in, Var theta) {
  const Var angles = reshape(slice(theta, 0, {6, 6 + 4 * fingers}), {fingers, 4});
  const auto angle = [&](Index k) { return select(angles, 1, k); };
  const Affine<double> palm = product(in.relative[HandInput::arm], in.relative[HandInput::palm]);
  Var at = one(tape, palm);
  std::vector<Var> skin{one(tape, product(in.relative[HandInput::arm], in.inverse[HandInput::arm])),
                        one(tape, product(palm, in.inverse[HandInput::palm]))};
  for (std::size_t phalanx = 0; phalanx < HandInput::phalanges; ++phalanx) {
    at = matmul(at, of_fingers(tape, in.relative, phalanx));
    if (phalanx == 0) at = matmul(at, matmul(bent(angle(0)), spread(angle(1))));
    if (phalanx == 1 || phalanx == 2) at = matmul(at, bent(angle(static_cast<Index>(phalanx) + 1)));
    skin.push_back(matmul(at, of_fingers(tape, in.inverse, phalanx)));
  }
  return concat(skin, 0);
}

/// Each vertex times its weight of each bone, in the order of `skin_of`: (4 bones, points).
Tensor weighted_vertices(const HandInput& in) {
  const auto points = static_cast<Index>(in.points);
  Tensor result(Shape{4 * bones, points});
  const auto to = result.data<double>();
  std::size_t row = 0;
  const auto add_rows = [&](std::size_t bone) {
    for (std::size_t j = 0; j < 4; ++j, ++row) {
      for (std::size_t p = 0; p < in.points; ++p) {
        to[row * in.points + p] =
            in.weight[p * HandInput::bones + bone] * (j == 3 ? 1.0 : in.vertex[3 * p + j]);
      }
    }
  };
  add_rows(HandInput::arm);
  add_rows(HandInput::palm);
  for (std::size_t phalanx = 0; phalanx < HandInput::phalanges; ++phalanx) {
    for (std::size_t f = 0; f < HandInput::fingers; ++f) add_rows(HandInput::bone(f, phalanx));
  }
  return result;
}

/// The matrix that turns by the angle |v| about v (Rodrigues):
///   R = cos |v| I + sin |v| [u] + (1 - cos |v|) u u^T with u = v / |v|, [u] x = u x x.
Var rotation(Var v) {
  Tape& tape = v.tape();
  const Tensor unit(Shape{3, 3}, {1, 0, 0, 0, 1, 0, 0, 0, 1});
  // [u] is the product of u with these, one for each of its numbers.
  const Tensor cross(Shape{3, 9}, {0, 0,  0, 0, 0, -1, 0,  1, 0,  //
                                   0, 0,  1, 0, 0, 0,  -1, 0, 0,  //
                                   0, -1, 0, 1, 0, 0,  0,  0, 0});
  const Var angle = sqrt(sum(square(v)));
  const Var u = reshape(v / angle, {1, 3});
  const Var c = cos(angle);
  return c * tape.constant(unit) + sin(angle) * reshape(matmul(u, tape.constant(cross)), {3, 3}) +
         (1 - c) * matmul(transpose(u), u);
}

}  // namespace

RecordedHand record_hand(Tape& tape, const HandInput& in) {
  RecordedHand hand;
  hand.theta = tape.leaf(
      Tensor(Shape{static_cast<Index>(HandInput::parameters)}, std::span<const double>(in.theta)),
      "theta");
  const Var rows = slice(skin_of(tape, in, hand.theta), 1, {0, 3});  // (bones, 3, 4)
  const Var skin = reshape(permute(rows, {1, 0, 2}), {3, 4 * bones});
  const Var vertices = matmul(skin, tape.constant(weighted_vertices(in)));
  const Var placed = matmul(rotation(slice(hand.theta, 0, {0, 3})), vertices) +
                     reshape(slice(hand.theta, 0, {3, 6}), {3, 1});
  const Var targets = tape.constant(
      Tensor(Shape{static_cast<Index>(in.points), 3}, std::span<const double>(in.target)));
  hand.errors = transpose(targets) - placed;
  hand.jacobian = jacobian(hand.errors, hand.theta);
  return hand;
}

}  // namespace dtheta::bench::adbench
