#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/jacobian/cause.hpp"

namespace dtheta::gradcheck {

/// plus(x, delta, moved): x moved by a tangent vector, written into `moved`.
using Retraction = std::function<void(std::span<const double> x, std::span<const double> delta,
                                      std::span<double> moved)>;

/// A retraction that is often taken for the right one. A Jacobian that is right for it is named.
struct Mistake {
  JacobianPattern pattern = JacobianPattern::other_side;
  std::string sentence;  ///< "by a move on the left, in the space frame"
  Retraction plus;
};

/// Where an input block lives that cannot be moved number by number: x moves by plus(x, delta), and
/// derivatives are by delta at 0.
struct Manifold {
  std::string name;         ///< "SO(3)"
  std::size_t ambient = 0;  ///< numbers that a point is stored in
  std::size_t tangent = 0;  ///< numbers that it moves by
  Retraction plus;
  std::vector<Mistake> mistakes{};
  /// How large each number of delta is, where 1 is not right: that of a translation, say.
  std::vector<double> lengths{};
  /// Why x is no point of it, in words; empty where it is one.
  std::function<std::string(std::span<const double> x)> objection{};
};

/// An input block and where it lives.
struct ManifoldBlock {
  std::string block;
  Manifold manifold;
};

/// On which side a rotation or a pose is moved.
enum class Frame {
  body,  ///< on the right: x · exp(delta), delta in the moved frame
  space  ///< on the left: exp(delta) · x, delta in the fixed frame
};

/// How a quaternion is stored: its real part first or last.
enum class QuaternionOrder { wxyz, xyzw };

/// How a twist is stored.
enum class TwistOrder { rotation_first, translation_first };

/// How a matrix is stored: row by row, as C and NumPy have it, or column by column, as Eigen has it.
enum class MatrixOrder { rows, columns };

/// Unit quaternions, 4 numbers; delta is a rotation vector in radians: q · exp(delta / 2).
Manifold unit_quaternion(QuaternionOrder order, Frame frame = Frame::body);

/// Rotation matrices, 9 numbers; delta is a rotation vector in radians: R · exp([delta]x).
/// Rodrigues' formula.
Manifold rotation_matrix(Frame frame = Frame::body, MatrixOrder stored = MatrixOrder::rows);

/// Rigid motions [R t], 3 or 4 rows of 4 numbers; delta is a twist: T · exp(delta^). `length`: how
/// far translations go, in the units of t. Throws OptionError for other rows.
Manifold rigid_motion(std::size_t rows = 4, Frame frame = Frame::body,
                      TwistOrder order = TwistOrder::rotation_first, double length = 1.0,
                      MatrixOrder stored = MatrixOrder::rows);

/// Unit vectors of `dimension` numbers, moved along geodesics; delta has one number less, in the
/// basis that a Householder reflection makes of all axes but the last. Throws OptionError for less
/// than 2.
Manifold unit_sphere(std::size_t dimension);

/// An angle in radians, kept between −π and π.
Manifold angle();

/// What is wrong with a retraction at x: x is no point of the manifold, plus(x, 0) is not x, or its
/// tangent has too few dimensions. Empty where nothing is.
std::string explain_retraction(const Manifold& manifold, std::span<const double> x);

namespace detail {

/// The derivative of plus(x, delta) by delta at 0, `ambient` rows of `tangent` numbers.
std::vector<double> tangent_basis(const Retraction& plus, std::span<const double> x,
                                  std::size_t tangent);

}  // namespace detail

}  // namespace dtheta::gradcheck
