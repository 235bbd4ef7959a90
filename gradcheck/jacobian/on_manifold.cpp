#include "gradcheck/jacobian/on_manifold.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace dtheta::gradcheck::detail {
namespace {

constexpr double rounded = 1e-3;  // four digits were printed

struct Matrix {
  std::span<const double> values;
  std::size_t rows, columns;
  MatrixOrder stored;
  double operator()(std::size_t i, std::size_t j) const {
    return stored == MatrixOrder::rows ? values[i * columns + j] : values[j * rows + i];
  }
};

/// The largest element of R R^T - I.
double skewness(const Matrix& r) {
  double largest = 0.0;
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t k = 0; k < 3; ++k) {
      double dot = i == k ? -1.0 : 0.0;
      for (std::size_t j = 0; j < 3; ++j) dot += r(i, j) * r(k, j);
      largest = std::max(largest, std::abs(dot));
    }
  }
  return largest;
}

double determinant(const Matrix& r) {
  double sum = 0.0;
  for (std::size_t j = 0; j < 3; ++j) {
    const std::size_t k = (j + 1) % 3, l = (j + 2) % 3;
    sum += r(0, j) * (r(1, k) * r(2, l) - r(1, l) * r(2, k));
  }
  return sum;
}

std::string objection(const Matrix& m) {
  const double off = skewness(m);
  if (!(off <= rounded)) {
    return fmt::format("x is no rotation: R R^T differs from the identity by {:.3g}", off);
  }
  if (determinant(m) < 0.0) return "x is no rotation: its determinant is -1, it mirrors";
  for (std::size_t j = 0; m.rows == 4 && j < 4; ++j) {
    if (m(3, j) == (j == 3 ? 1.0 : 0.0)) continue;
    return fmt::format(
        "x is no rigid motion: its fourth row is ({:g}, {:g}, {:g}, {:g}), not "
        "(0, 0, 0, 1)",
        m(3, 0), m(3, 1), m(3, 2), m(3, 3));
  }
  return {};
}

}  // namespace

Objection no_unit_vector(std::string what) {
  return [what = std::move(what)](std::span<const double> x) -> std::string {
    double squares = 0.0;
    for (const double c : x) squares += c * c;
    const double norm = std::sqrt(squares);
    if (std::abs(norm - 1.0) <= rounded) return {};
    return fmt::format("{} has norm {:.6g}, not 1", what, norm);
  };
}

Objection no_rotation(std::size_t rows, std::size_t columns, MatrixOrder stored) {
  return [=](std::span<const double> x) -> std::string {
    const std::string why = objection({x, rows, columns, stored});
    if (why.empty()) return why;
    const bool by_rows = stored == MatrixOrder::rows;
    const MatrixOrder other = by_rows ? MatrixOrder::columns : MatrixOrder::rows;
    if (!objection({x, rows, columns, other}).empty()) return why;
    return fmt::format("{}; read {} it is one: MatrixOrder::{}", why,
                       by_rows ? "column by column" : "row by row", by_rows ? "columns" : "rows");
  };
}

}  // namespace dtheta::gradcheck::detail
