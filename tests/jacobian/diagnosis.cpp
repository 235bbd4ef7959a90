// Planted mistakes are named by what they are.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <numbers>
#include <ostream>
#include <random>

#include "gradcheck/jacobian.hpp"

namespace gc = dtheta::gradcheck;
namespace data = boost::unit_test::data;
using Span = std::span<const double>;
using Out = std::span<double>;
using Vector = std::vector<double>;
using P = gc::JacobianPattern;

namespace diagnosis_case {

constexpr std::size_t m = 5, n = 5;

/// f_i = exp(0.1 (A x)_i) + (B x)_i².
struct Model {
  Vector a, b, x;
  Model() : a(m * n), b(m * n), x(n) {
    std::mt19937_64 bits(7);
    std::normal_distribution<double> normal;
    for (double& v : a) v = normal(bits);
    for (double& v : b) v = normal(bits);
    for (double& v : x) v = 1.5 + 0.5 * normal(bits);
  }
  static double row(Span matrix, Span x, std::size_t i) {
    double sum = 0;
    for (std::size_t j = 0; j < n; ++j) sum += matrix[i * n + j] * x[j];
    return sum;
  }
  Vector f(Span at) const {
    Vector y(m);
    for (std::size_t i = 0; i < m; ++i) {
      y[i] = std::exp(0.1 * row(a, at, i)) + std::pow(row(b, at, i), 2);
    }
    return y;
  }
  Vector jacobian(Span at) const {
    Vector out(m * n);
    for (std::size_t i = 0; i < m; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        out[i * n + j] =
            0.1 * a[i * n + j] * std::exp(0.1 * row(a, at, i)) + 2 * b[i * n + j] * row(b, at, i);
      }
    }
    return out;
  }
};

struct Mistake {
  const char* name;
  P pattern;
  const char* where;
  std::function<void(Out, Span)> make;  // of the right Jacobian and x
};
std::ostream& operator<<(std::ostream& out, const Mistake& mistake) { return out << mistake.name; }

void scale_row(Out j, std::size_t i, double factor) {
  for (std::size_t k = 0; k < n; ++k) j[i * n + k] *= factor;
}
void scale_column(Out j, std::size_t k, double factor) {
  for (std::size_t i = 0; i < m; ++i) j[i * n + k] *= factor;
}

constexpr double degrees = 180 / std::numbers::pi;
const std::vector<Mistake> mistakes{
    {"sign of a row", P::sign, "f[2]", [](Out j, Span) { scale_row(j, 2, -1); }},
    {"sign of all", P::sign, "f by x",
     [](Out j, Span) {
       for (double& v : j) v = -v;
     }},
    {"degrees", P::degrees, "x[3]", [](Out j, Span) { scale_column(j, 3, degrees); }},
    {"radians", P::degrees, "x[1]", [](Out j, Span) { scale_column(j, 1, 1 / degrees); }},
    {"log parameter", P::chain_factor, "x[4]", [](Out j, Span x) { scale_column(j, 4, 1 / x[4]); }},
    {"all log parameters", P::chain_factor, "x[0]",
     [](Out j, Span x) {
       for (std::size_t k = 0; k < n; ++k) scale_column(j, k, 1 / x[k]);
     }},
    {"exp of an input", P::chain_factor, "x[0]",
     [](Out j, Span x) { scale_column(j, 0, std::exp(-x[0])); }},
    {"a unit", P::chain_factor, "x[2]", [](Out j, Span) { scale_column(j, 2, 0.3048); }},
    {"two columns", P::columns_swapped, "x[1]",
     [](Out j, Span) {
       for (std::size_t i = 0; i < m; ++i) std::swap(j[i * n + 1], j[i * n + 4]);
     }},
    {"two rows", P::rows_swapped, "f[0]",
     [](Out j, Span) {
       for (std::size_t k = 0; k < n; ++k) std::swap(j[k], j[3 * n + k]);
     }},
    {"transposed", P::transposed, "f by x",
     [](Out j, Span) {
       for (std::size_t i = 0; i < m; ++i) {
         for (std::size_t k = 0; k < i; ++k) std::swap(j[i * n + k], j[k * n + i]);
       }
     }},
    {"weights", P::weights, "f[0]",
     [](Out j, Span) {
       for (std::size_t i = 0; i < m; ++i) scale_row(j, i, 0.4 + 0.7 * static_cast<double>(i));
     }},
    {"identity", P::identity, "f by x",
     [](Out j, Span) {
       for (std::size_t i = 0; i < m; ++i) j[i * n + i] -= 1;
     }},
    {"no more than the identity", P::identity, "f by x",
     [](Out j, Span) {
       for (std::size_t e = 0; e < m * n; ++e) j[e] = e % (n + 1) == 0 ? 1 : 0;
     }},
    {"no more than the diagonal", P::triangle, "f by x",
     [](Out j, Span) {
       for (std::size_t e = 0; e < m * n; ++e) j[e] = e % (n + 1) == 0 ? j[e] : 0;
     }},
    {"twice", P::factor, "f by x",
     [](Out j, Span) {
       for (double& v : j) v *= 2;
     }},
    {"a row of zeros", P::zero, "f[4]", [](Out j, Span) { scale_row(j, 4, 0); }},
    {"all zeros", P::zero, "f by x",
     [](Out j, Span) {
       for (double& v : j) v = 0;
     }},
    {"an entry", P::one_entry, "f[3] by x[2]", [](Out j, Span) { j[3 * n + 2] += 0.01; }},
    {"an entry that is zero", P::one_entry, "f[3] by x[2]", [](Out j, Span) { j[3 * n + 2] = 0; }},
    {"a row", P::row_wrong, "f[1]",
     [](Out j, Span) {
       for (std::size_t k = 0; k < n; ++k) j[n + k] += 0.1 / (1.0 + static_cast<double>(k));
     }},
    {"a column", P::column_wrong, "x[1]",
     [](Out j, Span) {
       for (std::size_t i = 0; i < m; ++i) j[i * n + 1] += 0.1 / (1.0 + static_cast<double>(i));
     }},
    {"NaN", P::not_finite, "f[2] by x[0]", [](Out j, Span) { j[2 * n] = std::nan(""); }},
};

}  // namespace diagnosis_case
using namespace diagnosis_case;

BOOST_AUTO_TEST_SUITE(jacobian_diagnosis)

BOOST_DATA_TEST_CASE(a_mistake_is_named_and_placed, data::make(mistakes), mistake) {
  const Model model;
  const auto f = [&](Span at) { return model.f(at); };
  const auto wrong = [&](Span at) {
    Vector out = model.jacobian(at);
    mistake.make(out, at);
    return out;
  };
  const auto result = gc::check_jacobian(f, gc::RowMajor(wrong), model.x);
  BOOST_TEST((result.verdict == gc::Verdict::fail), result);
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes.front().pattern == mistake.pattern), result);
  BOOST_TEST(result.causes.front().where.starts_with(mistake.where), result);
}

BOOST_AUTO_TEST_CASE(columns_where_rows_were_announced) {
  const Model model;
  const auto f = [&](Span at) {
    Vector y = model.f(at);
    y.resize(3);
    return y;
  };
  const auto by_columns = [&](Span at) {
    const Vector rows = model.jacobian(at);
    Vector out(15);
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < n; ++j) out[j * 3 + i] = rows[i * n + j];
    }
    return out;
  };
  const auto result = gc::check_jacobian(f, gc::RowMajor(by_columns), model.x);
  BOOST_TEST((result.causes.front().pattern == P::storage_order), result);
  BOOST_TEST(bool(gc::check_jacobian(f, gc::ColumnMajor(by_columns), model.x)));
}

BOOST_AUTO_TEST_CASE(weights_that_are_known_are_recognised) {
  const Model model;
  const Vector weights{2.0, 0.5, 3.0, 1.0, 4.0};
  const auto f = [&](Span at) {
    Vector y = model.f(at);
    for (std::size_t i = 0; i < m; ++i) y[i] *= weights[i];
    return y;
  };
  const auto plain = [&](Span at) { return model.jacobian(at); };
  gc::JacobianOptions options;
  options.hints.weights = weights;
  const auto result = gc::check_jacobian(f, gc::RowMajor(plain), model.x, options);
  BOOST_TEST((result.causes.front().pattern == P::weights), result);
  BOOST_TEST(result.causes.front().sentence.find("not in the Jacobian") != std::string::npos);
}

// The derivatives by p stand where those by q belong, and the other way round.
BOOST_AUTO_TEST_CASE(blocks_of_inputs_in_another_order) {
  const auto f = [](Span x) {
    return Vector{std::sin(x[0]) + x[3] * x[3], x[1] * x[2], std::exp(x[3]) * x[0]};
  };
  const auto wrong = [](Span x) {
    const Vector p{std::cos(x[0]), 0, 0, x[2], std::exp(x[3]), 0};
    const Vector q{0, 2 * x[3], x[1], 0, 0, std::exp(x[3]) * x[0]};
    return Vector{q[0], q[1], p[0], p[1], q[2], q[3], p[2], p[3], q[4], q[5], p[4], p[5]};
  };
  gc::ParameterVector x;
  x.add("p", 0, {2}, Vector{0.3, 0.7});
  x.add("q", 0, {2}, Vector{1.1, -0.4});
  const auto result = gc::check_jacobian(f, gc::RowMajor(wrong), x);
  BOOST_TEST((result.verdict == gc::Verdict::fail));
  BOOST_TEST((result.block("f", "p").causes.front().pattern == P::block_order ||
              result.causes.front().pattern == P::columns_swapped),
             result);
}

BOOST_AUTO_TEST_SUITE_END()
