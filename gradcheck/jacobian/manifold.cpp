#include "gradcheck/manifold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/on_manifold.hpp"

namespace dtheta::gradcheck {
namespace {

using Vector3 = std::array<double, 3>;
using Matrix3 = std::array<double, 9>;     // row by row
using Quaternion = std::array<double, 4>;  // w, x, y, z
using Span = std::span<const double>;
using Out = std::span<double>;

double norm(Span v) {
  double squares = 0.0;
  for (const double c : v) squares += c * c;
  return std::sqrt(squares);
}

/// sin(t)/t, by its series near 0.
double sinc(double t) { return std::abs(t) < 1e-4 ? 1.0 - t * t / 6.0 : std::sin(t) / t; }

/// (1 - cos t)/t² and (t - sin t)/t³, likewise.
double versine(double t) {
  return std::abs(t) < 1e-2 ? 0.5 - t * t / 24.0 + t * t * t * t / 720.0
                            : (1.0 - std::cos(t)) / (t * t);
}
double slack_of_sine(double t) {
  return std::abs(t) < 1e-2 ? 1.0 / 6.0 - t * t / 120.0 + t * t * t * t / 5040.0
                            : (t - std::sin(t)) / (t * t * t);
}

Matrix3 skew(Span v) { return {0, -v[2], v[1], v[2], 0, -v[0], -v[1], v[0], 0}; }

Matrix3 times(const Matrix3& a, const Matrix3& b) {
  Matrix3 c{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t j = 0; j < 3; ++j) c[3 * i + j] += a[3 * i + k] * b[3 * k + j];
    }
  }
  return c;
}

Vector3 times(const Matrix3& a, const Vector3& v) {
  Vector3 c{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) c[i] += a[3 * i + j] * v[j];
  }
  return c;
}

/// a I + b K + c K²; K = [v]x.
Matrix3 combined(double a, double b, double c, Span v) {
  const Matrix3 k = skew(v), squared = times(k, k);
  Matrix3 m{};
  for (std::size_t e = 0; e < 9; ++e) m[e] = (e % 4 == 0 ? a : 0.0) + b * k[e] + c * squared[e];
  return m;
}

/// exp([v]x) = I + sin t/t K + (1 - cos t)/t² K², t = |v|. Rodrigues.
Matrix3 rotation(Span v) {
  const double t = norm(v);
  return combined(1.0, sinc(t), versine(t), v);
}

Quaternion read(Span q, QuaternionOrder order) {
  return order == QuaternionOrder::wxyz ? Quaternion{q[0], q[1], q[2], q[3]}
                                        : Quaternion{q[3], q[0], q[1], q[2]};
}

void write(const Quaternion& q, QuaternionOrder order, Out out) {
  const bool real_first = order == QuaternionOrder::wxyz;
  for (std::size_t k = 0; k < 4; ++k) out[k] = real_first ? q[k] : q[(k + 1) % 4];
}

/// Hamilton's product.
Quaternion times(const Quaternion& p, const Quaternion& q) {
  return {p[0] * q[0] - p[1] * q[1] - p[2] * q[2] - p[3] * q[3],
          p[0] * q[1] + p[1] * q[0] + p[2] * q[3] - p[3] * q[2],
          p[0] * q[2] - p[1] * q[3] + p[2] * q[0] + p[3] * q[1],
          p[0] * q[3] + p[1] * q[2] - p[2] * q[1] + p[3] * q[0]};
}

/// q moved by the rotation vector `scale` · delta.
Retraction quaternion_plus(QuaternionOrder order, Frame frame, double scale = 1.0) {
  return [=](Span x, Span delta, Out moved) {
    const double half = 0.5 * scale;
    const double t = half * norm(delta);
    const double s = half * sinc(t);
    const Quaternion turn{std::cos(t), s * delta[0], s * delta[1], s * delta[2]};
    const Quaternion q = read(x, order);
    write(frame == Frame::body ? times(q, turn) : times(turn, q), order, moved);
  };
}

/// R moved by the rotation vector `scale` · delta.
Retraction matrix_plus(Frame frame, double scale = 1.0) {
  return [=](Span x, Span delta, Out moved) {
    Matrix3 r;
    std::ranges::copy(x, r.begin());
    const Vector3 by{scale * delta[0], scale * delta[1], scale * delta[2]};
    const Matrix3 turn = rotation(by);
    std::ranges::copy(frame == Frame::body ? times(r, turn) : times(turn, r), moved.begin());
  };
}

/// A rigid motion out of the first three rows of [R t], and back.
struct Motion {
  Matrix3 r{};
  Vector3 t{};

  static Motion read(Span x) {
    Motion m;
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) m.r[3 * i + j] = x[4 * i + j];
      m.t[i] = x[4 * i + 3];
    }
    return m;
  }
  void write(Span x, Out moved) const {
    std::ranges::copy(x, moved.begin());  // a fourth row stays
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) moved[4 * i + j] = r[3 * i + j];
      moved[4 * i + 3] = t[i];
    }
  }
};

Motion times(const Motion& a, const Motion& b) {
  Motion c{times(a.r, b.r), times(a.r, b.t)};
  for (std::size_t i = 0; i < 3; ++i) c.t[i] += a.t[i];
  return c;
}

struct Twist {
  Vector3 turn{}, shift{};
};
Twist read_twist(Span delta, TwistOrder order) {
  const std::size_t turn = order == TwistOrder::rotation_first ? 0 : 3, shift = 3 - turn;
  return {{delta[turn], delta[turn + 1], delta[turn + 2]},
          {delta[shift], delta[shift + 1], delta[shift + 2]}};
}

/// exp of a twist (w, v): rotation exp([w]x), translation V v, V = I + (1 - cos t)/t² K +
/// (t - sin t)/t³ K².
Motion exponential(const Twist& twist) {
  const double t = norm(twist.turn);
  return {rotation(twist.turn),
          times(combined(1.0, versine(t), slack_of_sine(t), twist.turn), twist.shift)};
}

Retraction motion_plus(Frame frame, TwistOrder order) {
  return [=](Span x, Span delta, Out moved) {
    const Motion here = Motion::read(x), by = exponential(read_twist(delta, order));
    (frame == Frame::body ? times(here, by) : times(by, here)).write(x, moved);
  };
}

/// R turned in its frame, t moved by itself: not the exponential of a twist.
Retraction apart_plus(Frame frame, TwistOrder order) {
  return [=](Span x, Span delta, Out moved) {
    Motion here = Motion::read(x);
    const Twist twist = read_twist(delta, order);
    const Matrix3 turn = rotation(twist.turn);
    here.r = frame == Frame::body ? times(here.r, turn) : times(turn, here.r);
    for (std::size_t i = 0; i < 3; ++i) here.t[i] += twist.shift[i];
    here.write(x, moved);
  };
}

/// The same of a matrix that is stored column by column.
Retraction by_columns(std::size_t rows, std::size_t columns, Retraction plus) {
  return [=, plus = std::move(plus)](Span x, Span delta, Out moved) {
    std::vector<double> turned(x.size()), there(x.size());
    for (std::size_t k = 0; k < x.size(); ++k) turned[k % rows * columns + k / rows] = x[k];
    plus(turned, delta, there);
    for (std::size_t k = 0; k < x.size(); ++k) moved[k] = there[k % rows * columns + k / rows];
  };
}

/// What a matrix of so many rows and columns becomes where it is stored so, and the mistake of taking
/// it for one that is stored the other way.
void store(Manifold& m, std::size_t rows, std::size_t columns, MatrixOrder stored) {
  const bool by_rows = stored == MatrixOrder::rows;
  m.objection = detail::no_rotation(rows, columns, stored);
  const Retraction plain = m.plus;
  if (!by_rows) {
    m.plus = by_columns(rows, columns, plain);
    for (Mistake& mistake : m.mistakes) mistake.plus = by_columns(rows, columns, mistake.plus);
  }
  m.mistakes.push_back(
      {JacobianPattern::stored_order,
       fmt::format("right for a matrix stored {}, but this one is read {} (MatrixOrder)",
                   by_rows ? "column by column, as Eigen has it" : "row by row",
                   by_rows ? "row by row" : "column by column"),
       by_rows ? by_columns(rows, columns, plain) : plain});
}

Frame other(Frame frame) { return frame == Frame::body ? Frame::space : Frame::body; }
const char* words(Frame frame) {
  return frame == Frame::body ? "on the right (body frame)" : "on the left (space frame)";
}
Mistake other_side(Frame frame, Retraction plus) {
  return {JacobianPattern::other_side,
          fmt::format("right for a move {}, but the update is made {}", words(other(frame)),
                      words(frame)),
          std::move(plus)};
}

void sphere_plus(Span x, Span delta, Out moved) {
  // H = I - 2 v v^T takes the last axis to x (up to the sign that keeps v from vanishing); its
  // other columns are the basis.
  const std::size_t n = x.size();
  const double sign = x[n - 1] > 0.0 ? -1.0 : 1.0;
  std::vector<double> v(x.begin(), x.end()), along(n, 0.0);
  v[n - 1] -= sign;
  const double length = norm(v);
  for (double& c : v) c /= length;
  double projected = 0.0;
  for (std::size_t k = 0; k + 1 < n; ++k) projected += v[k] * delta[k];
  for (std::size_t k = 0; k < n; ++k) {
    along[k] = (k + 1 < n ? delta[k] : 0.0) - 2.0 * v[k] * projected;
  }
  const double t = norm(delta);
  for (std::size_t k = 0; k < n; ++k) moved[k] = std::cos(t) * x[k] + sinc(t) * along[k];
}

}  // namespace

Manifold unit_quaternion(QuaternionOrder order, Frame frame) {
  const bool real_first = order == QuaternionOrder::wxyz;
  const QuaternionOrder wrong = real_first ? QuaternionOrder::xyzw : QuaternionOrder::wxyz;
  Manifold m{real_first ? "unit quaternions (w, x, y, z)" : "unit quaternions (x, y, z, w)", 4, 3,
             quaternion_plus(order, frame)};
  m.objection = detail::no_unit_vector("the quaternion");
  m.mistakes.push_back(other_side(frame, quaternion_plus(order, other(frame))));
  m.mistakes.push_back({JacobianPattern::half,
                        "twice the right one: a quaternion's numbers move by half of the angle",
                        quaternion_plus(order, frame, 2.0)});
  m.mistakes.push_back({JacobianPattern::half,
                        "half of the right one: a quaternion's numbers move by half of the angle, "
                        "and that was counted twice",
                        quaternion_plus(order, frame, 0.5)});
  m.mistakes.push_back({JacobianPattern::stored_order,
                        fmt::format("right for quaternions stored {}, but these are stored {}",
                                    real_first ? "(x, y, z, w)" : "(w, x, y, z)",
                                    real_first ? "(w, x, y, z)" : "(x, y, z, w)"),
                        quaternion_plus(wrong, frame)});
  m.mistakes.push_back({JacobianPattern::ambient,
                        "by the quaternion's own numbers x, y, z, not by its tangent",
                        [real_first](Span x, Span delta, Out moved) {
                          std::ranges::copy(x, moved.begin());
                          for (std::size_t k = 0; k < 3; ++k)
                            moved[k + (real_first ? 1 : 0)] += delta[k];
                        }});
  m.mistakes.push_back({JacobianPattern::ambient,
                        "by the first three of the quaternion's four numbers, not by its tangent",
                        [](Span x, Span delta, Out moved) {
                          std::ranges::copy(x, moved.begin());
                          for (std::size_t k = 0; k < 3; ++k) moved[k] += delta[k];
                        }});
  return m;
}

Manifold rotation_matrix(Frame frame, MatrixOrder stored) {
  Manifold m{"rotation matrices", 9, 3, matrix_plus(frame)};
  m.mistakes.push_back(other_side(frame, matrix_plus(other(frame))));
  for (const double scale : {2.0, 0.5}) {
    m.mistakes.push_back(
        {JacobianPattern::half,
         fmt::format("{} the right one: an angle and half of it, as a quaternion has it, are taken "
                     "for each other",
                     scale == 2.0 ? "twice" : "half of"),
         matrix_plus(frame, scale)});
  }
  store(m, 3, 3, stored);
  return m;
}

Manifold rigid_motion(std::size_t rows, Frame frame, TwistOrder order, double length,
                      MatrixOrder stored) {
  if (rows != 3 && rows != 4) {
    throw OptionError(fmt::format("rigid_motion: [R t] has 3 or 4 rows, not {}", rows));
  }
  Manifold m{"rigid motions", 4 * rows, 6, motion_plus(frame, order)};
  m.lengths.assign(6, 1.0);
  const std::size_t shift = order == TwistOrder::rotation_first ? 3 : 0;
  for (std::size_t k = 0; k < 3; ++k) m.lengths[shift + k] = length;
  m.mistakes.push_back(other_side(frame, motion_plus(other(frame), order)));
  m.mistakes.push_back({JacobianPattern::other_side,
                        fmt::format("right where R is turned {} and t is moved by itself, but the "
                                    "update is the exponential of a twist",
                                    words(frame)),
                        apart_plus(frame, order)});
  const TwistOrder wrong = order == TwistOrder::rotation_first ? TwistOrder::translation_first
                                                               : TwistOrder::rotation_first;
  m.mistakes.push_back(
      {JacobianPattern::stored_order,
       fmt::format("right for twists with the {} first",
                   order == TwistOrder::rotation_first ? "translation" : "rotation"),
       motion_plus(frame, wrong)});
  store(m, rows, 4, stored);
  return m;
}

Manifold unit_sphere(std::size_t dimension) {
  if (dimension < 2) {
    throw OptionError(fmt::format("unit_sphere: {} dimensions, but it takes 2", dimension));
  }
  Manifold m{"the unit sphere", dimension, dimension - 1, sphere_plus};
  m.objection = detail::no_unit_vector("the vector");
  return m;
}

Manifold angle() {
  return {"angles", 1, 1, [](Span x, Span delta, Out moved) {
            moved[0] = std::remainder(x[0] + delta[0], 2.0 * std::numbers::pi);
          }};
}

}  // namespace dtheta::gradcheck
