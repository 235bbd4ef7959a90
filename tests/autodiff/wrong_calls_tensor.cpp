#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/errors.hpp"
#include "autodiff/ops/as_strided.hpp"
#include "autodiff/ops/diagonal.hpp"
#include "autodiff/ops/einsum.hpp"
#include "autodiff/ops/linalg.hpp"
#include "autodiff/ops/pad.hpp"
#include "autodiff/ops/repeat.hpp"
#include "autodiff/ops/scatter.hpp"
#include "autodiff/ops/sort.hpp"
#include "autodiff/ops/tensor_products.hpp"
#include "autodiff/ops/update.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// A wrong call: the op whose name its message begins with, and what it must mention.
struct WrongCall {
  std::string op;
  std::vector<std::string> mentions;
  std::function<void(Tape&)> call;
  friend std::ostream& operator<<(std::ostream& out, const WrongCall& w) { return out << w.op; }
};

Var real(Tape& t, const Shape& s) { return t.leaf(Tensor(s)); }
Var matrix(Tape& t, const Shape& s, std::initializer_list<double> v) {
  return t.leaf(Tensor(s, v));
}
Var at(Tape& t, const Shape& s, std::initializer_list<Index> v) { return t.leaf(Tensor(s, v)); }
Var zeros_at(Tape& t, const Shape& s) { return t.leaf(Tensor(s, DType::int64)); }

const std::vector<Index> minus_one{-1}, one_two{1, 2};

const std::vector<WrongCall> wrong_calls{
    {"tile",
     {"(2, 3)", "-1"},
     [](Tape& t) {
       tile(real(t, {2, 3}), {-1});
     }},
    {"tile",
     {"(4, 2)"},
     [](Tape& t) {
       tile(real(t, {4, 2}), {Index{1} << 62, 1});
     }},
    {"tile", {"-2"}, [](Tape& t) { tile(real(t, {}), {-2}); }},
    {"repeat_interleave",
     {"(2, 3)", "-1"},
     [](Tape& t) {
       repeat_interleave(real(t, {2, 3}), -1, 0);
     }},
    {"repeat_interleave",
     {"2", "2 axes"},
     [](Tape& t) {
       repeat_interleave(real(t, {2, 3}), 1, 2);
     }},
    {"repeat_interleave",
     {"(2, 3)", "1, 2"},
     [](Tape& t) {
       repeat_interleave(real(t, {2, 3}), one_two, 1);
     }},
    {"repeat_interleave",
     {"(1)", "-1"},
     [](Tape& t) { repeat_interleave(real(t, {1}), minus_one, 0); }},
    {"roll", {"axis 1"}, [](Tape& t) { roll(real(t, {2}), 1, 1); }},
    {"roll",
     {"axis -3"},
     [](Tape& t) {
       roll(real(t, {2, 2}), 1, -3);
     }},
    {"roll", {"0 axes"}, [](Tape& t) { roll(real(t, {}), 1, 0); }},
    {"flip",
     {"axis 2"},
     [](Tape& t) {
       flip(real(t, {2, 2}), 2);
     }},
    {"flip",
     {"twice"},
     [](Tape& t) {
       flip(real(t, {2, 2}), {0, -2});
     }},
    {"flip", {"0 axes"}, [](Tape& t) { flip(real(t, {}), 0); }},
    {"stack", {"empty"}, [](Tape&) { stack(std::span<const Var>()); }},
    {"stack",
     {"(2)", "(3)"},
     [](Tape& t) {
       stack({real(t, {2}), real(t, {3})});
     }},
    {"stack",
     {"(2)"},
     [](Tape& t) {
       stack({real(t, {2}), zeros_at(t, {2})});
     }},
    {"stack", {"axis 3"}, [](Tape& t) { stack({real(t, {2})}, 3); }},
    {"split", {"(4)", "0"}, [](Tape& t) { split(real(t, {4}), Index{0}); }},
    {"split", {"(4)", "3 != 4"}, [](Tape& t) { split(real(t, {4}), one_two); }},
    {"split", {"axis 1"}, [](Tape& t) { split(real(t, {4}), Index{2}, 1); }},
    {"chunk", {"(4)", "0"}, [](Tape& t) { chunk(real(t, {4}), 0); }},
    {"chunk", {"(4)", "-2"}, [](Tape& t) { chunk(real(t, {4}), -2); }},
    {"chunk", {"axis 1"}, [](Tape& t) { chunk(real(t, {4}), 2, 1); }},
    {"pad",
     {"(3)", "(3, 0)", "reflect"},
     [](Tape& t) {
       pad(real(t, {3}), {{3, 0}}, PadMode::reflect);
     }},
    {"pad",
     {"(3)", "(0, 4)", "circular"},
     [](Tape& t) {
       pad(real(t, {3}), {{0, 4}}, PadMode::circular);
     }},
    {"pad",
     {"(0)", "replicate"},
     [](Tape& t) {
       pad(real(t, {0}), {{1, 0}}, PadMode::replicate);
     }},
    {"pad",
     {"(3)", "(-2, -2)"},
     [](Tape& t) {
       pad(real(t, {3}), {{-2, -2}});
     }},
    {"pad",
     {"(3)", "2 axes"},
     [](Tape& t) {
       pad(real(t, {3}), {{1, 1}, {1, 1}});
     }},
    {"tril", {"(3)"}, [](Tape& t) { tril(real(t, {3})); }},
    {"tril", {"()"}, [](Tape& t) { tril(real(t, {}), 1); }},
    {"tril", {"(0)"}, [](Tape& t) { tril(zeros_at(t, {0})); }},
    {"triu", {"(3)"}, [](Tape& t) { triu(real(t, {3})); }},
    {"triu", {"()"}, [](Tape& t) { triu(real(t, {}), 1); }},
    {"triu", {"(0)"}, [](Tape& t) { triu(zeros_at(t, {0})); }},
    {"diagonal", {"(3)"}, [](Tape& t) { diagonal(real(t, {3})); }},
    {"diagonal",
     {"same"},
     [](Tape& t) {
       diagonal(real(t, {3, 3}), 0, 0, -2);
     }},
    {"diagonal",
     {"axis 2"},
     [](Tape& t) {
       diagonal(real(t, {3, 3}), 0, 0, 2);
     }},
    {"diag_embed", {"()"}, [](Tape& t) { diag_embed(real(t, {})); }},
    {"diag_embed", {"same"}, [](Tape& t) { diag_embed(real(t, {3}), 0, 1, -1); }},
    {"diag_embed", {"axis 2"}, [](Tape& t) { diag_embed(real(t, {3}), 0, 0, 2); }},
    {"diag", {"()"}, [](Tape& t) { diag(real(t, {})); }},
    {"diag",
     {"(1, 2, 3)"},
     [](Tape& t) {
       diag(real(t, {1, 2, 3}));
     }},
    {"diag",
     {"(1, 2, 3, 4)"},
     [](Tape& t) {
       diag(real(t, {1, 2, 3, 4}), 1);
     }},
    {"trace", {"()"}, [](Tape& t) { trace(real(t, {})); }},
    {"trace", {"(3)"}, [](Tape& t) { trace(real(t, {3})); }},
    {"trace", {"(0)"}, [](Tape& t) { trace(real(t, {0}), 1); }},
    {"as_strided",
     {"(2)", "1, 1"},
     [](Tape& t) {
       as_strided(real(t, {4}), Shape{2}, {1, 1});
     }},
    {"as_strided", {"(3)", "(4)"}, [](Tape& t) { as_strided(real(t, {4}), Shape{3}, {2}); }},
    {"as_strided",
     {"(3)", "(4)", "-1"},
     [](Tape& t) { as_strided(real(t, {4}), Shape{3}, {-1}, 1); }},
    {"as_strided", {"(0)"}, [](Tape& t) { as_strided(real(t, {0}), Shape{}, {}); }},
    {"take_along_axis",
     {"(2)", "(2, 2)"},
     [](Tape& t) {
       take_along_axis(real(t, {2, 2}), zeros_at(t, {2}), 0);
     }},
    {"take_along_axis",
     {"(1, 3)", "(2, 2)"},
     [](Tape& t) {
       take_along_axis(real(t, {2, 2}), zeros_at(t, {1, 3}), 0);
     }},
    {"take_along_axis",
     {"index 2", "position 1"},
     [](Tape& t) {
       take_along_axis(real(t, {2}), at(t, {2}, {0, 2}), 0);
     }},
    {"take_along_axis",
     {"(2)", "int64"},
     [](Tape& t) { take_along_axis(real(t, {2}), real(t, {2}), 0); }},
    {"put_along_axis",
     {"(2)", "(3)"},
     [](Tape& t) { put_along_axis(real(t, {4}), zeros_at(t, {2}), real(t, {3}), 0); }},
    {"put_along_axis",
     {"axis 1"},
     [](Tape& t) { put_along_axis(real(t, {4}), zeros_at(t, {2}), real(t, {2}), 1); }},
    {"put_along_axis",
     {"index -5"},
     [](Tape& t) { put_along_axis(real(t, {4}), at(t, {1}, {-5}), real(t, {1}), 0); }},
    {"scatter_add_along_axis",
     {"(2)", "(3)"},
     [](Tape& t) { scatter_add_along_axis(real(t, {4}), zeros_at(t, {2}), real(t, {3}), 0); }},
    {"scatter_add_along_axis",
     {"(4)"},
     [](Tape& t) { scatter_add_along_axis(zeros_at(t, {4}), zeros_at(t, {2}), real(t, {2}), 0); }},
    {"scatter_add_along_axis",
     {"index 4"},
     [](Tape& t) { scatter_add_along_axis(real(t, {4}), at(t, {1}, {4}), real(t, {1}), 0); }},
    {"gather_nd",
     {"(2, 3)", "(2, 2)"},
     [](Tape& t) {
       gather_nd(real(t, {2, 2}), zeros_at(t, {2, 3}));
     }},
    {"gather_nd", {"()", "(2)"}, [](Tape& t) { gather_nd(real(t, {2}), zeros_at(t, {})); }},
    {"gather_nd",
     {"(3, 1)", "(2, 2)", "1 batch"},
     [](Tape& t) {
       gather_nd(real(t, {2, 2}), zeros_at(t, {3, 1}), 1);
     }},
    {"gather_nd",
     {"index 2", "position 1"},
     [](Tape& t) {
       gather_nd(real(t, {2, 2}), at(t, {2}, {0, 2}));
     }},
    {"scatter_nd",
     {"(3)", "(4)", "(2, 1)"},
     [](Tape& t) {
       scatter_nd(real(t, {4}), zeros_at(t, {2, 1}), real(t, {3}));
     }},
    {"scatter_nd",
     {"(2)", "(4)"},
     [](Tape& t) { scatter_nd(real(t, {4}), zeros_at(t, {2}), real(t, {})); }},
    {"scatter_nd",
     {"index 4"},
     [](Tape& t) {
       scatter_nd(real(t, {4}), at(t, {1, 1}, {4}), real(t, {1}));
     }},
    {"scatter_nd_add",
     {"(3)", "(4)"},
     [](Tape& t) {
       scatter_nd_add(real(t, {4}), zeros_at(t, {2, 1}), real(t, {3}));
     }},
    {"scatter_nd_add",
     {"int64"},
     [](Tape& t) {
       scatter_nd_add(real(t, {4}), real(t, {2, 1}), real(t, {2}));
     }},
    {"scatter_nd_add",
     {"-1 batch"},
     [](Tape& t) {
       scatter_nd_add(real(t, {4}), zeros_at(t, {2, 1}), real(t, {2}), -1);
     }},
    {"index_select",
     {"(1, 1)", "(4)"},
     [](Tape& t) {
       index_select(real(t, {4}), 0, zeros_at(t, {1, 1}));
     }},
    {"index_select", {"()"}, [](Tape& t) { index_select(real(t, {4}), 0, zeros_at(t, {})); }},
    {"index_select", {"axis 1"}, [](Tape& t) { index_select(real(t, {4}), 1, zeros_at(t, {1})); }},
    {"sort", {"axis 1"}, [](Tape& t) { sort(real(t, {2}), 1); }},
    {"sort", {"0 axes"}, [](Tape& t) { sort(real(t, {})); }},
    {"sort", {"(2)"}, [](Tape& t) { sort(zeros_at(t, {2})); }},
    {"argsort", {"axis 1"}, [](Tape& t) { argsort(real(t, {2}), 1); }},
    {"argsort", {"0 axes"}, [](Tape& t) { argsort(real(t, {})); }},
    {"argsort", {"(2)"}, [](Tape& t) { argsort(zeros_at(t, {2})); }},
    {"topk", {"(2)", "3"}, [](Tape& t) { topk(real(t, {2}), 3); }},
    {"topk", {"(2)", "-1"}, [](Tape& t) { topk(real(t, {2}), -1); }},
    {"topk", {"(2)"}, [](Tape& t) { topk(zeros_at(t, {2}), 1); }},
    {"topk", {"axis 1"}, [](Tape& t) { topk(real(t, {2}), 1, 1); }},
    {"slice_update",
     {"(4)", "(3)", "2"},
     [](Tape& t) { slice_update(real(t, {4}), real(t, {3}), {2}); }},
    {"slice_update",
     {"(4)", "(1, 1)"},
     [](Tape& t) {
       slice_update(real(t, {4}), real(t, {1, 1}), {0});
     }},
    {"slice_update",
     {"(4)", "0, 0"},
     [](Tape& t) {
       slice_update(real(t, {4}), real(t, {1}), {0, 0});
     }},
    {"slice_update",
     {"(4)", "steps of 0"},
     [](Tape& t) { slice_update(real(t, {4}), real(t, {1}), {0}, {0}); }},
    {"masked_fill", {"(3)", "(2)"}, [](Tape& t) { masked_fill(real(t, {2}), real(t, {3}), 0); }},
    {"masked_fill",
     {"(2, 2)", "(2)"},
     [](Tape& t) {
       masked_fill(real(t, {2}), real(t, {2, 2}), 0);
     }},
    {"masked_fill", {"(2)", "()"}, [](Tape& t) { masked_fill(real(t, {}), real(t, {2}), 0); }},
    {"tensordot",
     {"(2, 3)", "(2, 3)"},
     [](Tape& t) {
       tensordot(real(t, {2, 3}), real(t, {2, 3}), 1);
     }},
    {"tensordot",
     {"(2)", "(2, 3)", "2 axes"},
     [](Tape& t) {
       tensordot(real(t, {2}), real(t, {2, 3}));
     }},
    {"tensordot",
     {"(2, 3)", "0, 1"},
     [](Tape& t) {
       tensordot(real(t, {2, 3}), real(t, {2, 3}), {0, 1}, {0});
     }},
    {"tensordot",
     {"twice"},
     [](Tape& t) {
       tensordot(real(t, {2, 2}), real(t, {2, 2}), {0, 0}, {0, 1});
     }},
    {"kron",
     {"(1, 1, 1, 1, 1)", "(2)"},
     [](Tape& t) {
       kron(real(t, {1, 1, 1, 1, 1}), real(t, {2}));
     }},
    {"kron",
     {"(2)", "(1, 1, 1, 1, 2)"},
     [](Tape& t) {
       kron(real(t, {2}), real(t, {1, 1, 1, 1, 2}));
     }},
    {"kron",
     {"4 axes"},
     [](Tape& t) {
       kron(real(t, {1, 1, 1, 1, 1, 1}), real(t, {}));
     }},
    {"cross", {"(2)", "(2)"}, [](Tape& t) { cross(real(t, {2}), real(t, {2})); }},
    {"cross", {"(3)", "(2)"}, [](Tape& t) { cross(real(t, {3}), real(t, {2})); }},
    {"cross",
     {"(3, 1)", "(3)"},
     [](Tape& t) {
       cross(real(t, {3, 1}), real(t, {3}));
     }},
    {"cross", {"0 axes"}, [](Tape& t) { cross(real(t, {}), real(t, {})); }},
    {"einsum",
     {"'ij,jk'", "1 operands"},
     [](Tape& t) {
       einsum("ij,jk", {real(t, {2, 3})});
     }},
    {"einsum", {"'ij'", "(2)"}, [](Tape& t) { einsum("ij", {real(t, {2})}); }},
    {"einsum",
     {"'ij,jk'", "(2, 3)", "(2, 2)"},
     [](Tape& t) {
       einsum("ij,jk", {real(t, {2, 3}), real(t, {2, 2})});
     }},
    {"einsum",
     {"'ii'", "(2, 3)"},
     [](Tape& t) {
       einsum("ii", {real(t, {2, 3})});
     }},
    {"einsum", {"'i->k'", "'k'"}, [](Tape& t) { einsum("i->k", {real(t, {2})}); }},
    {"einsum", {"'i->ii'", "twice"}, [](Tape& t) { einsum("i->ii", {real(t, {2})}); }},
    {"einsum",
     {"'i1->i'", "'1'"},
     [](Tape& t) {
       einsum("i1->i", {real(t, {2, 2})});
     }},
    {"inverse",
     {"(2, 3)", "2 != 3"},
     [](Tape& t) {
       inverse(real(t, {2, 3}));
     }},
    {"inverse", {"(3)"}, [](Tape& t) { inverse(real(t, {3})); }},
    {"inverse",
     {"(2, 2)"},
     [](Tape& t) {
       inverse(zeros_at(t, {2, 2}));
     }},
    {"inverse",
     {"(1, 2, 2)", "matrix 0"},
     [](Tape& t) {
       inverse(real(t, {1, 2, 2}));
     }},
    {"det",
     {"(2, 3)"},
     [](Tape& t) {
       det(real(t, {2, 3}));
     }},
    {"det", {"()"}, [](Tape& t) { det(real(t, {})); }},
    {"det",
     {"(2, 2)"},
     [](Tape& t) {
       det(zeros_at(t, {2, 2}));
     }},
    {"slogdet",
     {"(2, 3)"},
     [](Tape& t) {
       slogdet(real(t, {2, 3}));
     }},
    {"slogdet", {"(3)"}, [](Tape& t) { slogdet(real(t, {3})); }},
    {"slogdet",
     {"(2, 2)"},
     [](Tape& t) {
       slogdet(zeros_at(t, {2, 2}));
     }},
    {"solve",
     {"(2, 3)"},
     [](Tape& t) {
       solve(real(t, {2, 3}), real(t, {2}));
     }},
    {"solve",
     {"(2, 2)", "(3, 1)"},
     [](Tape& t) {
       solve(real(t, {2, 2}), real(t, {3, 1}));
     }},
    {"solve",
     {"(2)", "(3)"},
     [](Tape& t) {
       solve(real(t, {2, 2, 2}), real(t, {3, 2, 1}));
     }},
    {"solve",
     {"()"},
     [](Tape& t) {
       solve(real(t, {2, 2}), real(t, {}));
     }},
    {"solve",
     {"(2, 2)", "pivot 0"},
     [](Tape& t) {
       solve(real(t, {2, 2}), real(t, {2}));
     }},
    {"solve_triangular",
     {"(2, 3)"},
     [](Tape& t) {
       solve_triangular(real(t, {2, 3}), real(t, {2}));
     }},
    {"solve_triangular",
     {"(2, 2)", "(3, 1)"},
     [](Tape& t) {
       solve_triangular(real(t, {2, 2}), real(t, {3}));
     }},
    {"solve_triangular",
     {"(1, 1)", "element 0"},
     [](Tape& t) {
       solve_triangular(real(t, {1, 1}), real(t, {1}));
     }},
    {"lstsq", {"(3)"}, [](Tape& t) { lstsq(real(t, {3}), real(t, {3})); }},
    {"lstsq",
     {"(3, 2)", "(2)"},
     [](Tape& t) {
       lstsq(real(t, {3, 2}), real(t, {2}));
     }},
    {"lstsq",
     {"(3, 2)", "()"},
     [](Tape& t) {
       lstsq(real(t, {3, 2}), real(t, {}));
     }},
    {"cholesky",
     {"(2, 3)"},
     [](Tape& t) {
       cholesky(real(t, {2, 3}));
     }},
    {"cholesky", {"(3)"}, [](Tape& t) { cholesky(real(t, {3})); }},
    {"cholesky",
     {"(2, 1, 1)", "matrix 1"},
     [](Tape& t) {
       cholesky(matrix(t, {2, 1, 1}, {1, -1}));
     }},
    {"eigh",
     {"(2, 3)"},
     [](Tape& t) {
       eigh(real(t, {2, 3}));
     }},
    {"eigh", {"(3)"}, [](Tape& t) { eigh(real(t, {3})); }},
    {"eigh",
     {"(2, 2)"},
     [](Tape& t) {
       eigh(zeros_at(t, {2, 2}));
     }},
    {"svd", {"(3)"}, [](Tape& t) { svd(real(t, {3})); }},
    {"svd", {"()"}, [](Tape& t) { svd(real(t, {})); }},
    {"svd",
     {"(2, 2)"},
     [](Tape& t) {
       svd(zeros_at(t, {2, 2}));
     }},
    {"qr", {"(3)"}, [](Tape& t) { qr(real(t, {3})); }},
    {"qr", {"()"}, [](Tape& t) { qr(real(t, {})); }},
    {"qr",
     {"(2, 2)"},
     [](Tape& t) {
       qr(zeros_at(t, {2, 2}));
     }},
    {"pinv", {"(3)"}, [](Tape& t) { pinv(real(t, {3})); }},
    {"pinv",
     {"(2, 2)", "-1"},
     [](Tape& t) {
       pinv(real(t, {2, 2}), -1);
     }},
    {"pinv",
     {"(2, 2)"},
     [](Tape& t) {
       pinv(zeros_at(t, {2, 2}));
     }},
    {"matrix_exp",
     {"(2, 3)"},
     [](Tape& t) {
       matrix_exp(real(t, {2, 3}));
     }},
    {"matrix_exp", {"(3)"}, [](Tape& t) { matrix_exp(real(t, {3})); }},
    {"matrix_exp",
     {"(2, 2)"},
     [](Tape& t) {
       matrix_exp(zeros_at(t, {2, 2}));
     }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_tensor_calls_suite)

BOOST_DATA_TEST_CASE(the_message_names_the_op_and_the_shapes,
                     boost::unit_test::data::make(wrong_calls), wrong) {
  Tape tape;
  try {
    wrong.call(tape);
    BOOST_TEST(false, wrong.op << " accepted a wrong call");
  } catch (const std::invalid_argument& e) {
    const std::string message = e.what();
    BOOST_TEST(message.starts_with(wrong.op + ": "), message);
    for (const std::string& text : wrong.mentions) {
      BOOST_TEST(message.find(text) != std::string::npos, message << " lacks " << text);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
