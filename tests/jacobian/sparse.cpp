// Sparse Jacobians: few evaluations, and dependences that the pattern does not know.
#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <random>

#include "gradcheck/jacobian.hpp"
#include "gradcheck/jacobian/colouring.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;

namespace sparse_case {

/// f_i = sin(sum c_ik x_j) + d_i x_j0² over a few inputs j of each row.
struct Model {
  std::size_t m, n;
  std::vector<std::size_t> starts{0}, columns;
  Vector c;

  /// `banded`: neighbouring inputs; otherwise any.
  Model(std::size_t outputs, std::size_t inputs, std::size_t each, bool banded, unsigned seed)
      : m(outputs), n(inputs) {
    std::mt19937_64 bits(seed);
    std::normal_distribution<double> normal;
    for (std::size_t i = 0; i < m; ++i) {
      std::vector<std::size_t> own;
      while (own.size() < each) {
        const std::size_t j = banded ? (i * n / m + own.size()) % n : bits() % n;
        if (std::ranges::find(own, j) == own.end()) own.push_back(j);
      }
      std::ranges::sort(own);
      columns.insert(columns.end(), own.begin(), own.end());
      starts.push_back(columns.size());
    }
    for (std::size_t e = 0; e < columns.size(); ++e) c.push_back(normal(bits));
  }
  Vector x() const {
    Vector x(n);
    for (std::size_t j = 0; j < n; ++j) x[j] = 0.5 + 0.1 * static_cast<double>(j % 9);
    return x;
  }
  double inner(Span x, std::size_t i) const {
    double sum = 0;
    for (std::size_t e = starts[i]; e < starts[i + 1]; ++e) sum += c[e] * x[columns[e]];
    return sum;
  }
  void f(Span x, Out y) const {
    for (std::size_t i = 0; i < m; ++i) y[i] = std::sin(inner(x, i));
  }
  void values(Span x, Out out) const {
    for (std::size_t i = 0; i < m; ++i) {
      const double slope = std::cos(inner(x, i));
      for (std::size_t e = starts[i]; e < starts[i + 1]; ++e) out[e] = slope * c[e];
    }
  }
  Vector values(Span x) const {
    Vector out(columns.size());
    values(x, out);
    return out;
  }
};

}  // namespace sparse_case
using sparse_case::Model;

BOOST_AUTO_TEST_SUITE(sparse_jacobians)

// Columns of one colour share no row; a band of k takes no more than about 2 k.
BOOST_DATA_TEST_CASE(colours_share_no_row, data::make({true, false}), banded) {
  const Model model(200, 60, 5, banded, 3);
  const Vector values = model.values(model.x());
  const auto matrix = gc::detail::read_jacobian(gc::SparseRows(model.starts, model.columns, values),
                                                model.x(), 200, 60);
  const auto colouring = gc::detail::colour_columns(matrix);
  std::size_t coloured = 0;
  for (const auto& columns : colouring.columns) coloured += columns.size();
  BOOST_TEST(coloured == 60U);
  for (std::size_t i = 0; i < 200; ++i) {
    for (std::size_t e = matrix.starts[i]; e < matrix.starts[i + 1]; ++e) {
      for (std::size_t d = matrix.starts[i]; d < e; ++d) {
        BOOST_REQUIRE(colouring.colour_of[matrix.column_of[e]] !=
                      colouring.colour_of[matrix.column_of[d]]);
      }
    }
  }
  if (banded) BOOST_TEST(colouring.columns.size() <= 10U);
}

// 10,000 x 1,000 with ten entries a row: tens of evaluations for each step size, not thousands.
BOOST_AUTO_TEST_CASE(a_large_band_takes_few_evaluations) {
  const Model model(10000, 1000, 10, true, 1);
  const Vector x = model.x();
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, model.m);
  Vector values = model.values(x);
  const auto good = gc::check_jacobian(f, gc::SparseRows(model.starts, model.columns, values), x);
  BOOST_TEST(bool(good), good);
  BOOST_TEST(good.colours <= 20U);
  BOOST_TEST_MESSAGE("evaluations " << good.evaluations << ", colours " << good.colours);
  BOOST_TEST(good.evaluations <= 1000U);
  values[54321] *= 1.001;
  const auto bad = gc::check_jacobian(f, gc::SparseRows(model.starts, model.columns, values), x);
  BOOST_TEST((bad.verdict == gc::Verdict::fail));
  BOOST_TEST(bad.worst().front().row == 5432U);
  BOOST_TEST(bad.worst().front().column == model.columns[54321]);
}

BOOST_DATA_TEST_CASE(triplets_in_any_order_are_the_same, data::xrange(4), seed) {
  const Model model(40, 15, 4, seed % 2 == 0, static_cast<unsigned>(seed));
  const Vector x = model.x();
  const Vector values = model.values(x);
  std::vector<std::size_t> order(values.size());
  for (std::size_t e = 0; e < order.size(); ++e) order[e] = e;
  std::ranges::shuffle(order, std::mt19937_64(9));
  std::vector<std::size_t> rows, columns;
  Vector mixed;
  for (const std::size_t e : order) {
    std::size_t i = 0;
    while (model.starts[i + 1] <= e) ++i;
    rows.push_back(i);
    columns.push_back(model.columns[e]);
    mixed.push_back(values[e]);
  }
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, model.m);
  const auto by_rows =
      gc::check_jacobian(f, gc::SparseRows(model.starts, model.columns, values), x);
  const auto by_triplets = gc::check_jacobian(f, gc::Triplets(rows, columns, mixed), x);
  BOOST_TEST(bool(by_rows), by_rows);
  BOOST_TEST(by_rows.numeric == by_triplets.numeric, boost::test_tools::per_element());
}

// f_17 moves with an input that its row does not name: found and named, whether the input shares a
// colour with one of the row's or not, and none of the row's own entries is accused for it.
BOOST_DATA_TEST_CASE(a_dependence_outside_of_the_pattern_is_named, data::xrange(20), input) {
  const Model model(40, 20, 4, true, 5);
  const std::size_t j = static_cast<std::size_t>(input);
  const auto own = std::span(model.columns).subspan(model.starts[17], 4);
  const bool inside = std::ranges::find(own, j) != own.end();
  const auto f = [&](Span at, Out y) {
    model.f(at, y);
    if (!inside) y[17] += 0.25 * at[j];
  };
  const auto values = [&](Span at, Out out) { model.values(at, out); };
  const auto result = gc::check_jacobian(
      {f, model.m}, gc::SparseRows(model.starts, model.columns, values), model.x());
  if (inside) {
    BOOST_TEST(bool(result), result);
    return;
  }
  BOOST_TEST((result.verdict == gc::Verdict::fail), result);
  BOOST_REQUIRE(result.outside.size() == 1U);
  BOOST_TEST(result.outside[0].row == 17U);
  BOOST_TEST(result.outside[0].column == j);
  BOOST_TEST(std::abs(result.outside[0].numeric - 0.25) < 1e-6);
  BOOST_TEST(result.blocks.front().failed == 0U, result);
  BOOST_TEST((result.causes.front().pattern == gc::JacobianPattern::outside));
  BOOST_TEST(gc::report(result).find("f[17] by x[" + std::to_string(j) +
                                     "] is not in the pattern") != std::string::npos);
}

BOOST_DATA_TEST_CASE(mistakes_of_rows_and_columns_are_named, data::xrange(3), kind) {
  const Model model(30, 12, 4, true, 8);
  const Vector x = model.x();
  Vector values = model.values(x);
  for (std::size_t i = 0; i < model.m; ++i) {
    for (std::size_t e = model.starts[i]; e < model.starts[i + 1]; ++e) {
      if (kind == 0 && i == 9) values[e] = -values[e];
      if (kind == 1 && model.columns[e] == 7) values[e] /= x[7];
      if (kind == 2) values[e] *= 0.5 + 0.1 * static_cast<double>(i);
    }
  }
  const gc::VectorFunction f([&](Span at, Out y) { model.f(at, y); }, model.m);
  const auto result = gc::check_jacobian(f, gc::SparseRows(model.starts, model.columns, values), x);
  const gc::JacobianPattern expected[] = {
      gc::JacobianPattern::sign, gc::JacobianPattern::chain_factor, gc::JacobianPattern::weights};
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes.front().pattern == expected[kind]), result);
}

BOOST_AUTO_TEST_CASE(an_empty_row_must_stand_still) {
  const auto f = [](Span x, Out y) {
    y[0] = x[0] * x[1];
    y[1] = x[1];
  };
  const Vector x{1.0, 2.0}, values{2.0, 1.0};
  const auto result = gc::check_jacobian({f, 2}, gc::SparseRows({0, 2, 2}, {0, 1}, values), x);
  BOOST_REQUIRE(result.outside.size() == 1U);
  BOOST_TEST(result.outside[0].row == 1U);
  BOOST_TEST(result.outside[0].column == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
