#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <vector>

#include "autodiff/ops/linalg/einsum.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/tensor_products.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

Var matrix(const O& v, const Shape& s, std::initializer_list<double> values) {
  return v.tape().leaf(Tensor(s, values));
}

const std::vector<WrongCall> calls{
    {"tensordot",
     {"(2, 3)", "(2, 3)"},
     [](const O& v) {
       tensordot(v({2, 3}), v({2, 3}), 1);
     }},
    {"tensordot",
     {"(2)", "(2, 3)", "2 axes"},
     [](const O& v) {
       tensordot(v({2}), v({2, 3}));
     }},
    {"tensordot",
     {"(2, 3)", "0, 1"},
     [](const O& v) {
       tensordot(v({2, 3}), v({2, 3}), {0, 1}, {0});
     }},
    {"tensordot",
     {"twice"},
     [](const O& v) {
       tensordot(v({2, 2}), v({2, 2}), {0, 0}, {0, 1});
     }},
    {"kron",
     {"(1, 1, 1, 1, 1)", "(2)"},
     [](const O& v) {
       kron(v({1, 1, 1, 1, 1}), v({2}));
     }},
    {"kron",
     {"(2)", "(1, 1, 1, 1, 2)"},
     [](const O& v) {
       kron(v({2}), v({1, 1, 1, 1, 2}));
     }},
    {"kron",
     {"4 axes"},
     [](const O& v) {
       kron(v({1, 1, 1, 1, 1, 1}), v({}));
     }},
    {"add_outer",
     {"(2, 3)", "(4, 3)", "(4, 2)"},
     [](const O& v) {
       add_outer(v({2, 3}), v({4, 3}), v({4, 2}));
     }},
    {"add_outer",
     {"(2, 3)", "(4, 2)", "(5, 3)"},
     [](const O& v) {
       add_outer(v({2, 3}), v({4, 2}), v({5, 3}));
     }},
    {"add_outer",
     {"(6)", "(4, 2)", "(4, 3)"},
     [](const O& v) {
       add_outer(v({6}), v({4, 2}), v({4, 3}));
     }},
    {"cross", {"(2)", "(2)"}, [](const O& v) { cross(v({2}), v({2})); }},
    {"cross", {"(3)", "(2)"}, [](const O& v) { cross(v({3}), v({2})); }},
    {"cross",
     {"(3, 1)", "(3)"},
     [](const O& v) {
       cross(v({3, 1}), v({3}));
     }},
    {"cross", {"0 axes"}, [](const O& v) { cross(v({}), v({})); }},
    {"einsum",
     {"'ij,jk'", "1 operands"},
     [](const O& v) {
       einsum("ij,jk", {v({2, 3})});
     }},
    {"einsum", {"'ij'", "(2)"}, [](const O& v) { einsum("ij", {v({2})}); }},
    {"einsum",
     {"'ij,jk'", "(2, 3)", "(2, 2)"},
     [](const O& v) {
       einsum("ij,jk", {v({2, 3}), v({2, 2})});
     }},
    {"einsum",
     {"'ii'", "(2, 3)"},
     [](const O& v) {
       einsum("ii", {v({2, 3})});
     }},
    {"einsum", {"'i->k'", "'k'"}, [](const O& v) { einsum("i->k", {v({2})}); }},
    {"einsum", {"'i->ii'", "twice"}, [](const O& v) { einsum("i->ii", {v({2})}); }},
    {"einsum",
     {"'i1->i'", "'1'"},
     [](const O& v) {
       einsum("i1->i", {v({2, 2})});
     }},
    {"inverse",
     {"(2, 3)", "2 != 3"},
     [](const O& v) {
       inverse(v({2, 3}));
     }},
    {"inverse", {"(3)"}, [](const O& v) { inverse(v({3})); }},
    {"inverse",
     {"(2, 2)"},
     [](const O& v) {
       inverse(v.index({2, 2}));
     }},
    {"inverse",
     {"(1, 2, 2)", "matrix 0"},
     [](const O& v) {
       inverse(v({1, 2, 2}));
     }},
    {"det",
     {"(2, 3)"},
     [](const O& v) {
       det(v({2, 3}));
     }},
    {"det", {"()"}, [](const O& v) { det(v({})); }},
    {"det",
     {"(2, 2)"},
     [](const O& v) {
       det(v.index({2, 2}));
     }},
    {"slogdet",
     {"(2, 3)"},
     [](const O& v) {
       slogdet(v({2, 3}));
     }},
    {"slogdet", {"(3)"}, [](const O& v) { slogdet(v({3})); }},
    {"slogdet",
     {"(2, 2)"},
     [](const O& v) {
       slogdet(v.index({2, 2}));
     }},
    {"solve",
     {"(2, 3)"},
     [](const O& v) {
       solve(v({2, 3}), v({2}));
     }},
    {"solve",
     {"(2, 2)", "(3, 1)"},
     [](const O& v) {
       solve(v({2, 2}), v({3, 1}));
     }},
    {"solve",
     {"(2)", "(3)"},
     [](const O& v) {
       solve(v({2, 2, 2}), v({3, 2, 1}));
     }},
    {"solve",
     {"()"},
     [](const O& v) {
       solve(v({2, 2}), v({}));
     }},
    {"solve",
     {"(2, 2)", "pivot 0"},
     [](const O& v) {
       solve(v({2, 2}), v({2}));
     }},
    {"solve_triangular",
     {"(2, 3)"},
     [](const O& v) {
       solve_triangular(v({2, 3}), v({2}));
     }},
    {"solve_triangular",
     {"(2, 2)", "(3, 1)"},
     [](const O& v) {
       solve_triangular(v({2, 2}), v({3}));
     }},
    {"solve_triangular",
     {"(1, 1)", "element 0"},
     [](const O& v) {
       solve_triangular(v({1, 1}), v({1}));
     }},
    {"lstsq", {"(3)"}, [](const O& v) { lstsq(v({3}), v({3})); }},
    {"lstsq",
     {"(3, 2)", "(2)"},
     [](const O& v) {
       lstsq(v({3, 2}), v({2}));
     }},
    {"lstsq",
     {"(3, 2)", "()"},
     [](const O& v) {
       lstsq(v({3, 2}), v({}));
     }},
    {"cholesky",
     {"(2, 3)"},
     [](const O& v) {
       cholesky(v({2, 3}));
     }},
    {"cholesky", {"(3)"}, [](const O& v) { cholesky(v({3})); }},
    {"cholesky",
     {"(2, 1, 1)", "matrix 1"},
     [](const O& v) {
       cholesky(matrix(v, {2, 1, 1}, {1, -1}));
     }},
    {"eigh",
     {"(2, 3)"},
     [](const O& v) {
       eigh(v({2, 3}));
     }},
    {"eigh", {"(3)"}, [](const O& v) { eigh(v({3})); }},
    {"eigh",
     {"(2, 2)"},
     [](const O& v) {
       eigh(v.index({2, 2}));
     }},
    {"svd", {"(3)"}, [](const O& v) { svd(v({3})); }},
    {"svd", {"()"}, [](const O& v) { svd(v({})); }},
    {"svd",
     {"(2, 2)"},
     [](const O& v) {
       svd(v.index({2, 2}));
     }},
    {"qr", {"(3)"}, [](const O& v) { qr(v({3})); }},
    {"qr", {"()"}, [](const O& v) { qr(v({})); }},
    {"qr",
     {"(2, 2)"},
     [](const O& v) {
       qr(v.index({2, 2}));
     }},
    {"pinv", {"(3)"}, [](const O& v) { pinv(v({3})); }},
    {"pinv",
     {"(2, 2)", "-1"},
     [](const O& v) {
       pinv(v({2, 2}), -1);
     }},
    {"pinv",
     {"(2, 2)"},
     [](const O& v) {
       pinv(v.index({2, 2}));
     }},
    {"matrix_exp",
     {"(2, 3)"},
     [](const O& v) {
       matrix_exp(v({2, 3}));
     }},
    {"matrix_exp", {"(3)"}, [](const O& v) { matrix_exp(v({3})); }},
    {"matrix_exp",
     {"(2, 2)"},
     [](const O& v) {
       matrix_exp(v.index({2, 2}));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_linalg_suite)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
