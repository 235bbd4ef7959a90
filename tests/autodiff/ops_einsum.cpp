#include "autodiff/ops/linalg/einsum.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/kernels/strided.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/linalg/tensor_products.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/tape.hpp"
#include "tests/autodiff/quad_gradient.hpp"

namespace dtheta {
namespace {

using testing::varied;

/// An expression and the same one without "..." and implicit results, for the reference.
struct Case {
  std::string text;
  std::vector<std::string> inputs;
  std::string output;
  std::vector<Shape> shapes;
  friend std::ostream& operator<<(std::ostream& out, const Case& c) { return out << c.text; }
};

const std::vector<Case> cases{
    {"ij,jk->ik", {"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
    {"ij,jk", {"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
    {"ij,kj->ki", {"ij", "kj"}, "ki", {{2, 3}, {4, 3}}},
    {"ba", {"ba"}, "ab", {{2, 3}}},
    {"ij->", {"ij"}, "", {{2, 3}}},
    {"ij->j", {"ij"}, "j", {{2, 3}}},
    {"ii", {"ii"}, "", {{3, 3}}},
    {"ii->i", {"ii"}, "i", {{3, 3}}},
    {"iij->ji", {"iij"}, "ji", {{3, 3, 2}}},
    {"iji->j", {"iji"}, "j", {{3, 2, 3}}},
    {"iiii->i", {"iiii"}, "i", {{2, 2, 2, 2}}},
    {"i,i->", {"i", "i"}, "", {{4}, {4}}},
    {"i,j->ij", {"i", "j"}, "ij", {{2}, {3}}},
    {"i,j->ji", {"i", "j"}, "ji", {{2}, {3}}},
    {"i,i->i", {"i", "i"}, "i", {{4}, {4}}},
    {"ij,ij->i", {"ij", "ij"}, "i", {{2, 3}, {2, 3}}},
    {"bij,bjk->bik", {"bij", "bjk"}, "bik", {{2, 2, 3}, {2, 3, 2}}},
    {"bij,bjk->kib", {"bij", "bjk"}, "kib", {{2, 2, 3}, {2, 3, 2}}},
    {"bhqd,bhkd->bhqk", {"bhqd", "bhkd"}, "bhqk", {{2, 2, 3, 2}, {2, 2, 2, 2}}},
    {"ijk,jil->kl", {"ijk", "jil"}, "kl", {{2, 3, 2}, {3, 2, 2}}},
    {"i,ij,j->", {"i", "ij", "j"}, "", {{2}, {2, 3}, {3}}},
    {"ij,jk,kl->il", {"ij", "jk", "kl"}, "il", {{2, 3}, {3, 2}, {2, 3}}},
    {"ij,ik,il->jkl", {"ij", "ik", "il"}, "jkl", {{2, 2}, {2, 3}, {2, 2}}},
    {"ijk,k->", {"ijk", "k"}, "", {{2, 3, 2}, {2}}},
    {"ij,k->k", {"ij", "k"}, "k", {{2, 3}, {4}}},
    {"Ab,bC->CA", {"Ab", "bC"}, "CA", {{2, 3}, {3, 2}}},
    {"bC,Ab", {"bC", "Ab"}, "AC", {{3, 2}, {2, 3}}},
    {",ij->ij", {"", "ij"}, "ij", {{}, {2, 3}}},
    {" i j , j k -> i k ", {"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
    {"...ij,...jk->...ik", {"xij", "xjk"}, "xik", {{2, 2, 3}, {2, 3, 2}}},
    {"...ij,jk->...ik", {"xyij", "jk"}, "xyik", {{2, 1, 2, 3}, {3, 2}}},
    {"...ij,...jk", {"xyij", "yjk"}, "xyik", {{2, 3, 2, 3}, {3, 3, 2}}},
    {"i...,i...->...", {"ixy", "ixy"}, "xy", {{2, 3, 2}, {2, 3, 2}}},
    {"...i->...", {"xyi"}, "xy", {{2, 3, 2}}},
    {"i...->...i", {"ixy"}, "xyi", {{2, 3, 4}}},
    {"...ii->...i", {"xii"}, "xi", {{2, 3, 3}}},
    {"...ij,...jk->...ik", {"xij", "xjk"}, "xik", {{1, 2, 3}, {4, 3, 2}}},
    {"ij,jk->ik", {"ij", "jk"}, "ik", {{2, 1}, {3, 4}}},
    {"ij,ij->ij", {"ij", "ij"}, "ij", {{2, 1}, {1, 3}}},
    {"...,...->...", {"x", "yx"}, "yx", {{3}, {2, 3}}},
    {"ij,jk->ik", {"ij", "jk"}, "ik", {{2, 0}, {0, 3}}},
    {"ij->i", {"ij"}, "i", {{0, 3}}},
};

/// The sum written out: over all values of all letters.
Tensor reference(const Case& c, const std::vector<Tensor>& x) {
  std::map<char, Index> size;
  for (std::size_t k = 0; k < x.size(); ++k) {
    for (int i = 0; i < c.shapes[k].rank(); ++i) {
      Index& n = size.try_emplace(c.inputs[k][static_cast<std::size_t>(i)], 1).first->second;
      if (c.shapes[k][i] != 1) n = c.shapes[k][i];
    }
  }
  std::vector<Index> dims;
  for (char l : c.output) dims.push_back(size[l]);
  Tensor result{Shape(dims)};
  std::map<char, Index> at;
  const auto offset = [&](const Shape& s, const std::string& labels) {
    const auto strides = strides_of(s);
    Index o = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (s[static_cast<int>(i)] != 1) o += at[labels[i]] * strides[i];
    }
    return static_cast<std::size_t>(o);
  };
  const auto visit = [&](auto& self, std::map<char, Index>::const_iterator letter) -> void {
    if (letter != size.cend()) {
      for (Index i = 0; i < letter->second; ++i) {
        at[letter->first] = i;
        self(self, std::next(letter));
      }
      return;
    }
    double product = 1;
    for (std::size_t k = 0; k < x.size(); ++k) {
      product *= x[k].data<double>()[offset(c.shapes[k], c.inputs[k])];
    }
    result.data<double>()[offset(result.shape(), c.output)] += product;
  };
  visit(visit, size.cbegin());
  return result;
}

double distance(const Tensor& a, const Tensor& b) {
  double far = a.shape() == b.shape() ? 0 : INFINITY;
  for (std::size_t i = 0; far == 0 && i < a.data<double>().size(); ++i) {
    const double d = std::abs(a.data<double>()[i] - b.data<double>()[i]);
    if (!(d <= 1e-14)) far = d;
  }
  return far;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(einsum_suite)

BOOST_DATA_TEST_CASE(einsum_is_the_sum_written_out, boost::unit_test::data::make(cases), c) {
  Tape tape;
  std::vector<Tensor> values;
  std::vector<Var> xs;
  for (const Shape& s : c.shapes) {
    values.push_back(varied(s, static_cast<unsigned>(values.size() + 1)));
    xs.push_back(tape.leaf(values.back()));
  }
  const Var y = einsum(c.text, xs);
  BOOST_TEST(distance(y.value(), reference(c, values)) == 0);
  if (y.size() == 0 || xs[0].size() == 0) return;
  const auto off = testing::gradient_errors(y, xs);
  BOOST_TEST(off.first < 1e-20);
  BOOST_TEST(off.second < 1e-20);
}

BOOST_AUTO_TEST_CASE(tensordot_contracts_pairs_of_axes) {
  Tape tape;
  const Var a = tape.leaf(varied({2, 3, 4}, 1)), b = tape.leaf(varied({4, 3, 5}, 2));
  BOOST_TEST(distance(tensordot(a, b, {1, 2}, {1, 0}).value(),
                      einsum("ijk,kjl->il", {a, b}).value()) == 0);
  BOOST_TEST(
      distance(tensordot(a, b, {-1}, {0}).value(), einsum("ijk,klm->ijlm", {a, b}).value()) == 0);
  const Var m = tape.leaf(varied({3, 4}, 3));
  BOOST_TEST(distance(tensordot(a, m).value(), einsum("ijk,jk->i", {a, m}).value()) == 0);
  BOOST_TEST(distance(tensordot(m, m, 0).value(), einsum("ij,kl->ijkl", {m, m}).value()) == 0);
  const std::array xs{a, b};
  BOOST_TEST(testing::gradient_errors(tensordot(a, b, {1, 2}, {1, 0}), xs).second < 1e-20);
}

BOOST_AUTO_TEST_CASE(kronecker_products) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{1, 2}, {1.0, 2.0}));
  const Var b = tape.leaf(Tensor(Shape{2, 1}, {3.0, 4.0}));
  BOOST_TEST((kron(a, b).value() == Tensor(Shape{2, 2}, {3.0, 6.0, 4.0, 8.0})));
  const Var v = tape.leaf(Tensor(Shape{2}, {1.0, 10.0}));
  BOOST_TEST((kron(b, v).value() == Tensor(Shape{2, 2}, {3.0, 30.0, 4.0, 40.0})));
  // (A x B)(C x D) = AC x BD
  const auto random = [&](Index m, Index n, unsigned seed) {
    return tape.leaf(varied({m, n}, seed));
  };
  const Var p = random(2, 3, 1), q = random(3, 2, 2), r = random(3, 2, 3), s = random(2, 4, 4);
  BOOST_TEST(distance(matmul(kron(p, q), kron(r, s)).value(),
                      kron(matmul(p, r), matmul(q, s)).value()) == 0);
  const std::array xs{p, q};
  BOOST_TEST(testing::gradient_errors(kron(p, q), xs).second < 1e-20);
}

BOOST_AUTO_TEST_CASE(cross_products) {
  Tape tape;
  const Var a = tape.leaf(Tensor(Shape{3}, {1.0, 2.0, 3.0}));
  const Var b = tape.leaf(Tensor(Shape{2, 3}, {4.0, 5.0, 6.0, 1.0, 0.0, 0.0}));
  BOOST_TEST((cross(a, b).value() == Tensor(Shape{2, 3}, {-3.0, 6.0, -3.0, 0.0, 3.0, -2.0})));
  BOOST_TEST((cross(a, a).value() == Tensor(Shape{3})));
  const Var c = swap_axes(b, 0, 1);
  BOOST_TEST((cross(reshape(a, {3, 1}), c, 0).value() == swap_axes(cross(a, b), 0, 1).value()));
  const std::array xs{a, b};
  BOOST_TEST(testing::gradient_errors(cross(a, b), xs).second < 1e-20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
