#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include "benchmarks/adbench/bundle.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {
namespace {

using Vector = std::array<double, 3>;
using Matrix = std::array<Vector, 3>;

/// [v]x, for which [v]x u is the cross product of v and u.
Matrix cross_matrix(const Vector& v) {
  return {Vector{0, -v[2], v[1]}, Vector{v[2], 0, -v[0]}, Vector{-v[1], v[0], 0}};
}
Matrix product(const Matrix& a, const Matrix& b) {
  Matrix c{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      for (std::size_t j = 0; j < 3; ++j) c[i][j] += a[i][k] * b[k][j];
    }
  }
  return c;
}

/// The rotation R by the angle |v| about v, and what its derivative needs.
struct Rotation {
  explicit Rotation(const Vector& v) : square(v[0] * v[0] + v[1] * v[1] + v[2] * v[2]) {
    const double angle = std::sqrt(square);
    const bool turns = square > 0;
    const double s = turns ? std::sin(angle) / angle : 1;
    const double c = turns ? (1 - std::cos(angle)) / square : 0;
    const Matrix k = cross_matrix(v), kk = product(k, k);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) {
        R[i][j] = (i == j ? 1.0 : 0.0) + s * k[i][j] + c * kk[i][j];
      }
    }
    // d(R u)/dv = -R [u]x (v v^T + (R^T - I) [v]x) / |v|^2  (Gallego and Yezzi 2015); -[u]x at 0.
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) turning[i][j] = i == j ? 1.0 : 0.0;
    }
    if (!turns) return;
    Matrix back{};
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) back[i][j] = R[j][i] - (i == j ? 1.0 : 0.0);
    }
    const Matrix moved = product(back, k);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 3; ++j) turning[i][j] = (v[i] * v[j] + moved[i][j]) / square;
    }
  }
  [[nodiscard]] Matrix by_vector(const Vector& u) const {
    Matrix d = product(product(R, cross_matrix(u)), turning);
    for (Vector& row : d) {
      for (double& e : row) e = -e;
    }
    return d;
  }

  double square;
  Matrix R{}, turning{};
};

using Row = std::array<double, adbench::row_size>;

/// Both errors of one observation and their derivatives, in the order of the row's numbers.
void errors_and_rows(const double* camera, const double* point, double weight,
                     const double* feature, double* r, Row* rows) {
  const Rotation rotation({camera[0], camera[1], camera[2]});
  const double *centre = camera + 3, focal = camera[6], k1 = camera[9], k2 = camera[10];
  const Vector u{point[0] - centre[0], point[1] - centre[1], point[2] - centre[2]};
  Vector seen{};
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) seen[i] += rotation.R[i][j] * u[j];
  }
  const double p[2] = {seen[0] / seen[2], seen[1] / seen[2]};
  const double square = p[0] * p[0] + p[1] * p[1];
  const double scale = 1 + k1 * square + k2 * square * square;
  const Matrix by_vector = rotation.by_vector(u);
  for (std::size_t a = 0; a < 2; ++a) {
    const double unweighted = focal * scale * p[a] + camera[7 + a] - feature[a];
    r[a] = weight * unweighted;
    // By p: w f (scale + 2 (k1 + 2 k2 |p|^2) p p^T); by Y: p = (Y_1, Y_2) / Y_3.
    Vector by_seen{};
    for (std::size_t b = 0; b < 2; ++b) {
      const double spread = 2 * (k1 + 2 * k2 * square) * p[a] * p[b];
      const double by_p = weight * focal * ((a == b ? scale : 0) + spread);
      by_seen[b] += by_p / seen[2];
      by_seen[2] -= by_p * p[b] / seen[2];
    }
    Row& row = rows[a];
    for (std::size_t j = 0; j < 3; ++j) {
      double turned = 0, moved = 0;
      for (std::size_t i = 0; i < 3; ++i) {
        turned += by_seen[i] * by_vector[i][j];
        moved += by_seen[i] * rotation.R[i][j];
      }
      row[j] = turned;
      row[3 + j] = -moved;
      row[11 + j] = moved;
    }
    row[6] = weight * scale * p[a];
    row[7 + a] = weight;
    row[8 - a] = 0;
    row[9] = weight * focal * square * p[a];
    row[10] = weight * focal * square * square * p[a];
    row[14] = unweighted;
  }
}

struct Bundle {
  void run() {
    for (std::size_t i = 0; i < in.weights.size(); ++i) {
      const auto at = [](std::int64_t k, std::int64_t size) {
        return static_cast<std::size_t>(k * size);
      };
      errors_and_rows(&in.camera_values[at(in.camera[i], adbench::camera_size)],
                      &in.point_values[at(in.point[i], adbench::point_size)], in.weights[i],
                      &in.features[2 * i], &errors[2 * i], &rows[2 * i]);
      weight_errors[i] = 1 - in.weights[i] * in.weights[i];
      weight_rows[i] = -2 * in.weights[i];
    }
  }
  [[nodiscard]] double norm() const {
    double sum = 0;
    for (const Row& row : rows) {
      for (const double e : row) sum += e * e;
    }
    for (const double e : weight_rows) sum += e * e;
    return std::sqrt(sum);
  }

  adbench::BundleInput in = adbench::bundle_case();
  std::vector<double> errors = std::vector<double>(2 * in.weights.size());
  std::vector<Row> rows = std::vector<Row>(errors.size());
  std::vector<double> weight_errors = in.weights, weight_rows = in.weights;
};

}  // namespace

Work bundle() {
  const auto b = std::make_shared<Bundle>();
  return {[b] { b->run(); }, [b] { return b->norm(); }};
}

}  // namespace dtheta::bench::floor
