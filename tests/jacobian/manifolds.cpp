// Rotations, poses, spheres and angles: right Jacobians pass, the usual mistakes are named.
#include <array>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <numbers>
#include <random>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;
using V3 = std::array<double, 3>;
using M3 = std::array<V3, 3>;
using P = gc::JacobianPattern;

namespace {

V3 cross(const V3& a, const V3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
V3 times(const M3& m, const V3& v) {
  V3 r{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) r[i] += m[i][j] * v[j];
  }
  return r;
}
M3 times(const M3& a, const M3& b) {
  M3 r{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      for (std::size_t k = 0; k < 3; ++k) r[i][j] += a[i][k] * b[k][j];
    }
  }
  return r;
}
M3 skew(const V3& v) { return {V3{0, -v[2], v[1]}, V3{v[2], 0, -v[0]}, V3{-v[1], v[0], 0}}; }
M3 negated(M3 m) {
  for (V3& row : m) {
    for (double& c : row) c = -c;
  }
  return m;
}

/// (w, x, y, z) -> R, homogeneous of order 2, as it is for numbers off the unit sphere, too.
M3 rotation(double w, const V3& u) {
  M3 r{};
  for (std::size_t j = 0; j < 3; ++j) {
    V3 e{};
    e[j] = 1;
    const V3 once = cross(u, e), twice = cross(u, once);
    for (std::size_t i = 0; i < 3; ++i) r[i][j] = e[i] + 2 * w * once[i] + 2 * twice[i];
  }
  return r;
}

const std::array<V3, 2> points{V3{1.0, 2.0, -0.5}, V3{-0.7, 0.3, 1.4}};

Vector random_quaternion(int seed, bool real_first) {
  std::mt19937_64 bits(static_cast<unsigned>(seed));
  std::normal_distribution<double> normal;
  Vector q(4);
  double squares = 0;
  for (double& c : q) {
    c = normal(bits);
    squares += c * c;
  }
  for (double& c : q) c /= std::sqrt(squares);
  return real_first ? q : Vector{q[1], q[2], q[3], q[0]};
}

M3 rotation_of(Span q, bool real_first) {
  return real_first ? rotation(q[0], {q[1], q[2], q[3]}) : rotation(q[3], {q[0], q[1], q[2]});
}

/// R p for both points, by a function that gives R.
template <class R>
Vector turned(R r) {
  Vector y;
  for (const V3& p : points) {
    for (const double c : times(r, p)) y.push_back(c);
  }
  return y;
}

/// Its derivative by a rotation vector: -R [p]x in the body frame, -[R p]x in that of space.
Vector by_rotation(const M3& r, gc::Frame frame) {
  Vector out;
  for (const V3& p : points) {
    const M3 d = frame == gc::Frame::body ? negated(times(r, skew(p))) : negated(skew(times(r, p)));
    for (const V3& row : d) out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

gc::JacobianOptions on(gc::Manifold manifold) {
  gc::JacobianOptions options;
  options.manifolds = {{"x", std::move(manifold)}};
  return options;
}

gc::JacobianResult check(const gc::VectorFunction& f, const Vector& jacobian, const Vector& x,
                         gc::Manifold manifold) {
  return gc::check_jacobian(f, gc::RowMajor(jacobian), x, on(std::move(manifold)));
}

const auto seeds = data::xrange(6);
const auto first_or_last = data::make({true, false});

}  // namespace

BOOST_AUTO_TEST_SUITE(manifolds)

BOOST_DATA_TEST_CASE(quaternions, seeds* first_or_last* first_or_last, seed, real_first, body) {
  const Vector q = random_quaternion(seed, real_first);
  const auto order = real_first ? gc::QuaternionOrder::wxyz : gc::QuaternionOrder::xyzw;
  const gc::Frame frame = body ? gc::Frame::body : gc::Frame::space;
  const gc::Frame other = body ? gc::Frame::space : gc::Frame::body;
  const auto f = [=](Span x) { return turned(rotation_of(x, real_first)); };
  const M3 r = rotation_of(q, real_first);
  const gc::Manifold manifold = gc::unit_quaternion(order, frame);
  const auto good = check(f, by_rotation(r, frame), q, manifold);
  BOOST_TEST(bool(good), good);

  const auto side = check(f, by_rotation(r, other), q, manifold);
  BOOST_TEST((side.verdict == gc::Verdict::fail));
  BOOST_TEST((side.causes.front().pattern == P::other_side), side);

  for (const double factor : {2.0, 0.5}) {
    Vector scaled = by_rotation(r, frame);
    for (double& v : scaled) v *= factor;
    const auto half = check(f, scaled, q, manifold);
    BOOST_TEST((half.causes.front().pattern == P::half), half);
  }

  // By x, y, z: the derivative of p + 2 w u x p + 2 u x (u x p) by u.
  Vector by_numbers;
  const std::size_t first = real_first ? 1 : 0;
  const double w = real_first ? q[0] : q[3];
  const V3 u{q[first], q[first + 1], q[first + 2]};
  for (const V3& p : points) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        V3 e{};
        e[j] = 1;
        const double once = cross(e, p)[i];
        const double twice = cross(e, cross(u, p))[i] + cross(u, cross(e, p))[i];
        by_numbers.push_back(2 * w * once + 2 * twice);
      }
    }
  }
  const auto ambient = check(f, by_numbers, q, manifold);
  BOOST_TEST((ambient.causes.front().pattern == P::ambient), ambient);
}

BOOST_DATA_TEST_CASE(rotation_matrices, seeds* first_or_last, seed, body) {
  const M3 r = rotation_of(random_quaternion(seed, true), true);
  Vector x;
  for (const V3& row : r) x.insert(x.end(), row.begin(), row.end());
  const auto f = [](Span at) {
    return turned(M3{V3{at[0], at[1], at[2]}, V3{at[3], at[4], at[5]}, V3{at[6], at[7], at[8]}});
  };
  const gc::Frame frame = body ? gc::Frame::body : gc::Frame::space;
  const gc::Frame other = body ? gc::Frame::space : gc::Frame::body;
  const auto good = check(f, by_rotation(r, frame), x, gc::rotation_matrix(frame));
  BOOST_TEST(bool(good), good);
  const auto side = check(f, by_rotation(r, other), x, gc::rotation_matrix(frame));
  BOOST_TEST((side.causes.front().pattern == P::other_side), side);
  // One entry, a sign: found and placed.
  Vector one = by_rotation(r, frame);
  one[7] = -one[7];
  const auto entry = check(f, one, x, gc::rotation_matrix(frame));
  BOOST_TEST((entry.verdict == gc::Verdict::fail));
  BOOST_TEST(gc::place_of(entry.worst().front()) == "f[2] by x[1]", entry);
}

/// x as it is stored column by column.
Vector columns_of(const Vector& x, std::size_t rows) {
  Vector turned;
  for (std::size_t j = 0; j < x.size() / rows; ++j) {
    for (std::size_t i = 0; i < rows; ++i) turned.push_back(x[i * (x.size() / rows) + j]);
  }
  return turned;
}

BOOST_DATA_TEST_CASE(matrices_stored_column_by_column, seeds* first_or_last, seed, body) {
  const M3 r = rotation_of(random_quaternion(seed, true), true);
  Vector x;
  for (const V3& row : r) x.insert(x.end(), row.begin(), row.end());
  x = columns_of(x, 3);
  const auto f = [](Span at) {
    return turned(M3{V3{at[0], at[3], at[6]}, V3{at[1], at[4], at[7]}, V3{at[2], at[5], at[8]}});
  };
  const gc::Frame frame = body ? gc::Frame::body : gc::Frame::space;
  const gc::Frame other = body ? gc::Frame::space : gc::Frame::body;
  const auto by = gc::MatrixOrder::columns;
  const auto good = check(f, by_rotation(r, frame), x, gc::rotation_matrix(frame, by));
  BOOST_TEST(bool(good), good);
  const auto side = check(f, by_rotation(r, other), x, gc::rotation_matrix(frame, by));
  BOOST_TEST((side.causes.front().pattern == P::other_side), side);
  // Taken for row by row, as one is who has Eigen's matrices.
  const auto read = check(f, by_rotation(r, frame), x, gc::rotation_matrix(frame));
  BOOST_TEST((read.verdict == gc::Verdict::fail), read);
  BOOST_TEST((read.causes.front().pattern == P::stored_order), read);
}

BOOST_AUTO_TEST_CASE(what_is_no_point_of_a_manifold) {
  const auto why = [](const gc::Manifold& m, const Vector& x) {
    return gc::explain_retraction(m, x);
  };
  const auto q = gc::unit_quaternion(gc::QuaternionOrder::wxyz);
  BOOST_TEST(why(q, {2, 0, 0, 0}) == "the quaternion has norm 2, not 1");
  BOOST_TEST(why(q, {0.7071, 0, 0.7071, 0}).empty());  // as it was printed
  BOOST_TEST(why(gc::unit_sphere(2), {0.6, 0.7}) == "the vector has norm 0.921954, not 1");
  const auto r = gc::rotation_matrix();
  BOOST_TEST(why(r, {0, 1, 0, 1, 0, 0, 0, 0, 1}) ==
             "x is no rotation: its determinant is -1, it mirrors");
  BOOST_TEST(why(r, {1, 0, 0, 0, 2, 0, 0, 0, 1}) ==
             "x is no rotation: R R^T differs from the identity by 3");
  const Vector pose{0, -1, 0, 5, 1, 0, 0, 6, 0, 0, 1, 7, 0, 0, 0, 1};
  BOOST_TEST(why(gc::rigid_motion(), pose).empty());
  BOOST_TEST(why(gc::rigid_motion(), columns_of(pose, 4)) ==
             "x is no rigid motion: its fourth row is (5, 6, 7, 1), not (0, 0, 0, 1); read column "
             "by column it is one: MatrixOrder::columns");
  const auto by_columns = gc::rigid_motion(4, gc::Frame::body, gc::TwistOrder::rotation_first, 1.0,
                                           gc::MatrixOrder::columns);
  BOOST_TEST(why(by_columns, columns_of(pose, 4)).empty());
  // Three rows: what is read for R is none.
  const Vector three(pose.begin(), pose.begin() + 12);
  BOOST_TEST(why(gc::rigid_motion(3), three).empty());
  BOOST_TEST(why(gc::rigid_motion(3), columns_of(three, 3)).ends_with("MatrixOrder::columns"));
}

BOOST_DATA_TEST_CASE(rigid_motions, seeds* first_or_last* first_or_last, seed, body, turn_first) {
  const M3 r = rotation_of(random_quaternion(seed, true), true);
  const V3 t{40.0, -25.0, 60.0};  // far away: metres beside radians
  const std::size_t rows = seed % 2 == 0 ? 4 : 3;
  Vector x;
  for (std::size_t i = 0; i < 3; ++i) {
    x.insert(x.end(), r[i].begin(), r[i].end());
    x.push_back(t[i]);
  }
  if (rows == 4) x.insert(x.end(), {0, 0, 0, 1});
  const auto f = [](Span at) {
    Vector y;
    for (const V3& p : points) {
      for (std::size_t i = 0; i < 3; ++i) {
        y.push_back(at[4 * i] * p[0] + at[4 * i + 1] * p[1] + at[4 * i + 2] * p[2] + at[4 * i + 3]);
      }
    }
    return y;
  };
  const auto jacobian = [&](bool on_right, bool by_twist, bool rotation_first) {
    Vector out;
    for (const V3& p : points) {
      V3 moved = times(r, p);
      for (std::size_t i = 0; i < 3; ++i) moved[i] += t[i];
      const M3 turn = on_right ? negated(times(r, skew(p))) : negated(skew(moved));
      for (std::size_t i = 0; i < 3; ++i) {
        V3 shift{};
        if (on_right && by_twist) {
          shift = r[i];
        } else {
          shift[i] = 1;
        }
        const V3& first = rotation_first ? turn[i] : shift;
        const V3& last = rotation_first ? shift : turn[i];
        out.insert(out.end(), first.begin(), first.end());
        out.insert(out.end(), last.begin(), last.end());
      }
    }
    return out;
  };
  const gc::Manifold manifold = gc::rigid_motion(
      rows, body ? gc::Frame::body : gc::Frame::space,
      turn_first ? gc::TwistOrder::rotation_first : gc::TwistOrder::translation_first, 10.0);
  const auto good = check(f, jacobian(body, true, turn_first), x, manifold);
  BOOST_TEST(bool(good), good);
  const auto side = check(f, jacobian(!body, true, turn_first), x, manifold);
  BOOST_TEST((side.causes.front().pattern == P::other_side), side);
  const auto order = check(f, jacobian(body, true, !turn_first), x, manifold);
  BOOST_TEST((order.causes.front().pattern == P::stored_order), order);
  if (body) {
    const auto apart = check(f, jacobian(true, false, turn_first), x, manifold);
    BOOST_TEST((apart.causes.front().pattern == P::other_side), apart);
    BOOST_TEST(apart.causes.front().sentence.find("moved by itself") != std::string::npos, apart);
  }
}

BOOST_DATA_TEST_CASE(unit_vectors, data::xrange(2, 6) * data::make({-1.0, 1.0}), dimension, sign) {
  const auto n = static_cast<std::size_t>(dimension);
  Vector x(n);
  double squares = 0;
  for (std::size_t i = 0; i < n; ++i) {
    x[i] = sign * (0.5 + static_cast<double>(i));
    squares += x[i] * x[i];
  }
  for (double& c : x) c /= std::sqrt(squares);
  const auto f = [](Span at) {
    Vector y(2, 0.0);
    for (std::size_t i = 0; i < at.size(); ++i) {
      y[0] += static_cast<double>(i + 1) * at[i];
      y[1] += at[i] * at[i] * at[i];
    }
    return y;
  };
  const gc::Manifold sphere = gc::unit_sphere(n);
  // The basis is orthonormal and at right angles to x.
  const Vector basis = gc::detail::tangent_basis(sphere.plus, x, n - 1);
  for (std::size_t a = 0; a + 1 < n; ++a) {
    double along = 0;
    for (std::size_t i = 0; i < n; ++i) along += basis[i * (n - 1) + a] * x[i];
    BOOST_TEST(std::abs(along) < 1e-10);
    for (std::size_t b = 0; b + 1 < n; ++b) {
      double dot = 0;
      for (std::size_t i = 0; i < n; ++i) dot += basis[i * (n - 1) + a] * basis[i * (n - 1) + b];
      BOOST_TEST(std::abs(dot - (a == b ? 1.0 : 0.0)) < 1e-10);
    }
  }
  Vector jacobian(2 * (n - 1), 0.0);
  for (std::size_t k = 0; k + 1 < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      jacobian[k] += static_cast<double>(i + 1) * basis[i * (n - 1) + k];
      jacobian[n - 1 + k] += 3 * x[i] * x[i] * basis[i * (n - 1) + k];
    }
  }
  const auto good = check(f, jacobian, x, sphere);
  BOOST_TEST(bool(good), good);
  jacobian.back() += 1e-4;
  const auto bad = check(f, jacobian, x, sphere);
  BOOST_TEST((bad.verdict == gc::Verdict::fail));
  BOOST_TEST(bad.worst().front().column == n - 2);
}

// Beside π an angle jumps by a turn, which no f that is made of angles sees.
BOOST_AUTO_TEST_CASE(angles_go_round) {
  const Vector x{std::numbers::pi - 1e-5};
  const auto f = [](Span at) { return Vector{std::sin(at[0]), std::cos(2 * at[0])}; };
  const Vector right{std::cos(x[0]), -2 * std::sin(2 * x[0])};
  const auto good = check(f, right, x, gc::angle());
  BOOST_TEST(bool(good), good);
  const Vector wrong{right[0] * 180 / std::numbers::pi, right[1] * 180 / std::numbers::pi};
  BOOST_TEST((check(f, wrong, x, gc::angle()).causes.front().pattern == P::degrees));
}

BOOST_AUTO_TEST_CASE(a_retraction_that_is_none_is_named) {
  const auto f = [](Span at) { return Vector{at[0] + 2 * at[1], at[2]}; };
  const Vector x{0.6, 0.0, 0.8}, longer{1.2, 0.0, 1.6};
  const Vector jacobian(4, 0.5);
  gc::Manifold flat = gc::unit_sphere(3);
  flat.plus = [](Span at, Span delta, Out moved) {
    for (std::size_t i = 0; i < 3; ++i) moved[i] = at[i];
    moved[0] += delta[0] + delta[1];
  };
  const auto rank = check(f, jacobian, x, flat);
  BOOST_TEST((rank.verdict != gc::Verdict::pass));
  BOOST_TEST((rank.causes.front().pattern == P::retraction));
  BOOST_TEST(rank.causes.front().sentence.find("has 1 dimensions") != std::string::npos, rank);
  gc::Manifold shifted = gc::angle();
  shifted.plus = [](Span at, Span delta, Out moved) { moved[0] = at[0] + delta[0] + 0.1; };
  const auto moved = check([](Span at) { return Vector{at[0]}; }, {1.0}, {0.3}, shifted);
  BOOST_TEST((moved.verdict != gc::Verdict::pass));
  BOOST_TEST(moved.causes.front().sentence.find("plus(x, 0) is not x") != std::string::npos, moved);
}

BOOST_AUTO_TEST_CASE(a_jacobian_by_the_stored_numbers_is_refused_in_words) {
  const Vector q = random_quaternion(1, true);
  const auto f = [](Span x) { return turned(rotation_of(x, true)); };
  const Vector jacobian(24, 1.0);
  BOOST_CHECK_EXCEPTION(check(f, jacobian, q, gc::unit_quaternion(gc::QuaternionOrder::wxyz)),
                        gc::ShapeError, [](const gc::ShapeError& e) {
                          return std::string(e.what()).find("the 4 numbers that x is stored in") !=
                                 std::string::npos;
                        });
  BOOST_CHECK_THROW(
      check(f, jacobian, Vector(3, 1.0), gc::unit_quaternion(gc::QuaternionOrder::wxyz)),
      gc::ShapeError);
}

// A pose beside plain numbers: only what is wrong is accused.
BOOST_AUTO_TEST_CASE(blocks_on_a_manifold_stand_beside_others) {
  const Vector q = random_quaternion(3, false);
  gc::ParameterVector x;
  x.add("q", 0, {4}, q);
  x.add("s", 0, {}, Vector{1.7});
  const auto f = [](Span at) {
    Vector y = turned(rotation_of(at.first(4), false));
    for (double& v : y) v *= at[4];
    return y;
  };
  const M3 r = rotation_of(q, false);
  const Vector turn = by_rotation(r, gc::Frame::space), value = turned(r);
  Vector jacobian;
  for (std::size_t i = 0; i < 6; ++i) {
    for (std::size_t k = 0; k < 3; ++k) jacobian.push_back(1.7 * turn[3 * i + k]);
    jacobian.push_back(value[i]);
  }
  gc::JacobianOptions options;
  options.manifolds = {{"q", gc::unit_quaternion(gc::QuaternionOrder::xyzw)}};
  const auto bad = gc::check_jacobian(f, gc::RowMajor(jacobian), x, options);
  BOOST_TEST((bad.block("f", "q").verdict == gc::Verdict::fail));
  BOOST_TEST((bad.block("f", "s").verdict == gc::Verdict::pass));
  BOOST_TEST((bad.causes.front().pattern == P::other_side), bad);
  options.manifolds = {{"q", gc::unit_quaternion(gc::QuaternionOrder::xyzw, gc::Frame::space)}};
  BOOST_TEST(bool(gc::check_jacobian(f, gc::RowMajor(jacobian), x, options)));
}

BOOST_AUTO_TEST_SUITE_END()
