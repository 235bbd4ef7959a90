#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <type_traits>
#include <vector>

#include "benchmarks/cases.hpp"

namespace dtheta::bench::adbench {

/// A transformation of space: the upper three rows of a (4, 4) matrix.
template <class T>
using Affine = std::array<std::array<T, 4>, 3>;

/// a b. Needs std only, as all of this file.
template <class A, class B>
auto product(const Affine<A>& a, const Affine<B>& b) {
  using T = std::conditional_t<std::is_same_v<A, double>, B, A>;  // no expression of a library
  Affine<T> result;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      T sum = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j];
      if (j == 3) sum = sum + a[i][3];
      result[i][j] = sum;
    }
  }
  return result;
}

/// The hand of ADBench: 22 bones, two of the arm and four of each finger, carry a skin of vertices,
/// which is fitted to points. Of the 26 numbers of θ three are the axis of a rotation times its
/// angle, three a translation; each finger has four angles, two of its first joint (bent, spread)
/// and one of each of the next two. The skin is made up, as large as that of ADBench.
struct HandInput {
  static constexpr std::size_t fingers = 5, phalanges = 4, bones = 2 + fingers * phalanges,
                               parameters = 6 + 4 * fingers;
  static constexpr std::size_t arm = 0, palm = 1;
  [[nodiscard]] static std::size_t bone(std::size_t finger, std::size_t phalanx) {
    return 2 + phalanges * finger + phalanx;
  }
  [[nodiscard]] static std::size_t parent(std::size_t bone) {
    return bone < 2 ? arm : (bone - 2) % phalanges == 0 ? palm : bone - 1;
  }

  std::array<Affine<double>, bones> relative;  // in the frame of the parent; of the arm, in space
  std::array<Affine<double>, bones> inverse;   // of where the bone is at rest
  std::size_t points;
  std::vector<double> vertex;  // (points, 3): at rest
  std::vector<double> weight;  // (points, bones): how much a bone moves it
  std::vector<double> target;  // (points, 3)
  std::vector<double> theta;   // (parameters)
};

namespace detail {

/// Turned about the third axis, then moved along the second.
inline Affine<double> joint(double angle, double along) {
  const double c = std::cos(angle), s = std::sin(angle);
  return {{{c, -s, 0, -s * along}, {s, c, 0, c * along}, {0, 0, 1, 0}}};
}

inline Affine<double> inverse_of(const Affine<double>& a) {
  Affine<double> result{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      result[i][j] = a[j][i];
      result[i][3] -= a[j][i] * a[j][3];
    }
  }
  return result;
}

}  // namespace detail

/// Where a bone's joint is turned by the finger's angles: bent about the first axis by a, then
/// spread about the second by b.
template <class T>
Affine<T> turned(const T& a, const T& b) {
  using std::cos, std::sin;
  const T ca = cos(a), sa = sin(a), cb = cos(b), sb = sin(b);
  const T zero = 0 * ca;
  return {{{cb, zero, sb, zero}, {sa * sb, ca, -sa * cb, zero}, {-ca * sb, sa, ca * cb, zero}}};
}

/// What is left between the points and the skin, (points, 3), by plain numbers or an AD library's.
template <class T>
std::vector<T> hand_errors(const HandInput& in, const std::vector<T>& theta) {
  using std::cos, std::sin, std::sqrt;
  std::array<Affine<T>, HandInput::bones> at, skin;
  for (std::size_t b = 0; b < HandInput::bones; ++b) {
    const std::size_t finger = b < 2 ? 0 : (b - 2) / HandInput::phalanges;
    const std::size_t phalanx = b < 2 ? 3 : (b - 2) % HandInput::phalanges;
    const T* const angle = theta.data() + 6 + 4 * finger;
    const T zero = 0 * theta[0];
    Affine<T> bone = phalanx == 3 ? turned<T>(zero, zero)
                                  : turned<T>(angle[phalanx == 0 ? 0 : phalanx + 1],
                                              phalanx == 0 ? angle[1] : zero);
    bone = product(in.relative[b], bone);
    at[b] = b == HandInput::arm ? bone : product(at[HandInput::parent(b)], bone);
    skin[b] = product(at[b], in.inverse[b]);
  }
  const T angle = sqrt(theta[0] * theta[0] + theta[1] * theta[1] + theta[2] * theta[2]);
  const T c = cos(angle), s = sin(angle);
  const std::array<T, 3> u{theta[0] / angle, theta[1] / angle, theta[2] / angle};
  std::vector<T> errors(3 * in.points);
  for (std::size_t p = 0; p < in.points; ++p) {
    std::array<T, 3> v{0 * c, 0 * c, 0 * c};
    for (std::size_t b = 0; b < HandInput::bones; ++b) {
      const double w = in.weight[p * HandInput::bones + b];
      if (w == 0) continue;
      for (std::size_t i = 0; i < 3; ++i) {
        v[i] = v[i] + w * (skin[b][i][0] * in.vertex[3 * p] + skin[b][i][1] * in.vertex[3 * p + 1] +
                           skin[b][i][2] * in.vertex[3 * p + 2] + skin[b][i][3]);
      }
    }
    const T along = (1 - c) * (u[0] * v[0] + u[1] * v[1] + u[2] * v[2]);
    for (std::size_t i = 0; i < 3; ++i) {
      const std::size_t k = (i + 1) % 3, l = (i + 2) % 3;
      errors[3 * p + i] = in.target[3 * p + i] - theta[3 + i] - c * v[i] -
                          s * (u[k] * v[l] - u[l] * v[k]) - along * u[i];
    }
  }
  return errors;
}

/// The case "hand": as many points as the first of ADBench.
inline HandInput make_hand(std::size_t points = 100) {
  HandInput in{};
  in.points = points;
  std::array<Affine<double>, HandInput::bones> at{};
  for (std::size_t b = 0; b < HandInput::bones; ++b) {
    const double finger = b < 2 ? 0 : static_cast<double>((b - 2) / HandInput::phalanges) - 2;
    const bool first = b >= 2 && (b - 2) % HandInput::phalanges == 0;
    in.relative[b] = detail::joint(first ? 0.25 * finger : 0.0, b == HandInput::palm ? 2.0
                                                                : first              ? 1.0
                                                                : b < 2              ? 0.0
                                                                                     : 0.4);
    at[b] =
        b == HandInput::arm ? in.relative[b] : product(at[HandInput::parent(b)], in.relative[b]);
    in.inverse[b] = detail::inverse_of(at[b]);
  }
  const std::vector<double> noise = numbers<double>(3 * points, 0, 0.2);
  in.weight.assign(points * HandInput::bones, 0);
  for (std::size_t p = 0; p < points; ++p) {
    const std::size_t b = p % HandInput::bones;
    in.weight[p * HandInput::bones + b] += 0.7;
    in.weight[p * HandInput::bones + HandInput::parent(b)] += 0.3;
    for (std::size_t i = 0; i < 3; ++i) in.vertex.push_back(at[b][i][3] + noise[3 * p + i]);
  }
  in.theta = numbers<double>(HandInput::parameters, 1, 0.3, 0.1);
  in.target.assign(3 * points, 0);
  const std::vector<double> found = hand_errors(in, in.theta);
  const std::vector<double> missed = numbers<double>(3 * points, 2, 0.1);
  for (std::size_t i = 0; i < found.size(); ++i) in.target[i] = missed[i] - found[i];
  return in;
}

}  // namespace dtheta::bench::adbench
