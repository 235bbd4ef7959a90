// Jacobians written by hand, held against their functions: dense, sparse, on a rotation, as
// products. Some are wrong on purpose; docs/jacobians.md shows what the reports say.

#include <array>
#include <cmath>
#include <iostream>
#include <vector>

#include "gradcheck/jacobian.hpp"
#include "gradcheck/jacobian/products.hpp"
#include "gradcheck/jacobian/replay_entry.hpp"

namespace gc = dtheta::gradcheck;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;

namespace {

// A range finder: distance and bearing of a landmark at (l0, l1), seen from (x, y, heading).
void seen(Span x, Out z) {
  const double dx = x[3] - x[0], dy = x[4] - x[1];
  z[0] = std::hypot(dx, dy);
  z[1] = std::atan2(dy, dx) - x[2];
}

void seen_jacobian(Span x, Out j) {
  const double dx = x[3] - x[0], dy = x[4] - x[1];
  const double r = std::hypot(dx, dy);
  const Vector values{-dx / r,       -dy / r,       0,  dx / r,        dy / r,
                      -dy / (r * r), -dx / (r * r), -1, -dy / (r * r), dx / (r * r)};
  for (std::size_t k = 0; k < 10; ++k) j[k] = values[k];
}

gc::JacobianResult a_dense_one() {
  gc::ParameterVector x;
  x.add("pose", 0, {3}, Vector{1.0, 2.0, 0.3});
  x.add("landmark", 0, {2}, Vector{4.0, 6.0});
  gc::JacobianOptions options;
  options.outputs = {{"range", {}}, {"bearing", {}}};
  return gc::check_jacobian(seen, gc::RowMajor(seen_jacobian), x, options);
}

// A chain of springs: residual i is exp(x_i) - x_{i+1}; every row has two entries.
gc::JacobianResult a_sparse_one(std::size_t n) {
  std::vector<std::size_t> starts{0}, columns;
  for (std::size_t i = 0; i + 1 < n; ++i) {
    columns.insert(columns.end(), {i, i + 1});
    starts.push_back(columns.size());
  }
  const auto f = [](Span x, Out r) {
    for (std::size_t i = 0; i + 1 < x.size(); ++i) r[i] = std::exp(x[i]) - x[i + 1];
  };
  const auto values = [](Span x, Out v) {
    for (std::size_t i = 0; i + 1 < x.size(); ++i) {
      v[2 * i] = std::exp(x[i]);
      v[2 * i + 1] = -1;
    }
  };
  return gc::check_jacobian(f, gc::SparseRows(starts, columns, values), Vector(n, 0.4));
}

// A point turned by a unit quaternion (w, x, y, z): p + 2 w u x p + 2 u x (u x p).
using V3 = std::array<double, 3>;
V3 cross(const V3& a, const V3& b) {
  return {a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]};
}
V3 turned(Span q, const V3& p) {
  const V3 u{q[1], q[2], q[3]}, once = cross(u, p), twice = cross(u, once);
  return {p[0] + 2 * (q[0] * once[0] + twice[0]), p[1] + 2 * (q[0] * once[1] + twice[1]),
          p[2] + 2 * (q[0] * once[2] + twice[2])};
}

gc::JacobianResult one_on_rotations() {
  const V3 p{0.5, -0.2, 0.9};
  const Vector q{std::cos(0.4), 0.0, std::sin(0.4), 0.0};
  const auto f = [&](Span x) {
    const V3 r = turned(x, p);
    return Vector(r.begin(), r.end());
  };
  // -[R p]x: the derivative for a move on the left.
  const auto jacobian = [&](Span x) {
    const V3 r = turned(x, p);
    return Vector{0, r[2], -r[1], -r[2], 0, r[0], r[1], -r[0], 0};
  };
  gc::ParameterVector x;
  x.add("q", 0, {4}, q);
  gc::JacobianOptions options;
  options.manifolds = {{"q", gc::unit_quaternion(gc::QuaternionOrder::wxyz, gc::Frame::body)}};
  return gc::check_jacobian(f, gc::RowMajor(jacobian), x, options);
}

// J = log(e^x0 + e^x1): its gradient, Hessian and Hessian-vector product.
Vector gradient(Span x) {
  const double s = 1 / (1 + std::exp(x[1] - x[0]));
  return {s, 1 - s};
}
Vector hessian(Span x) {
  const double s = 1 / (1 + std::exp(x[1] - x[0])), c = s * (1 - s);
  return {c, -c, -c, c};
}
Vector product(Span x, Span v) {
  const Vector h = hessian(x);
  return {h[0] * v[0] + h[1] * v[1], h[2] * v[0] + h[3] * v[1]};
}

}  // namespace

int main() {
  const auto dense = a_dense_one(), sparse = a_sparse_one(1000), rotation = one_on_rotations();
  std::cout << dense << '\n' << sparse << '\n' << rotation << '\n';
  gc::ParameterVector x;
  x.add("x", 0, {2}, Vector{0.3, -0.8});
  const auto whole = gc::check_hessian(gradient, gc::RowMajor(hessian), x);
  const auto by_product = gc::check_hvp(gradient, product, x);
  std::cout << headline(whole) << '\n' << headline(by_product) << '\n';
  return !dense && sparse && !rotation && whole && by_product ? 0 : 1;
}
