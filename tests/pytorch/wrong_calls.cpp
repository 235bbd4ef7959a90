// Wrong calls of ops that came from PyTorch, and what they say.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <span>
#include <vector>

#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/bessel.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/incomplete_gamma.hpp"
#include "autodiff/ops/elementwise/scaled_error_functions.hpp"
#include "autodiff/ops/elementwise/zeta.hpp"
#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/lu.hpp"
#include "autodiff/ops/linalg/svd_full.hpp"
#include "autodiff/ops/reduction/quantile.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;

const std::vector<WrongCall> calls{
    {"scatter_reduce",
     {"(2, 2)", "(3)"},
     [](const O& v) {
       static_cast<void>(scatter_reduce(v({3, 2}), v.index({2, 2}), v({3}), 0, Reduce::prod));
     }},
    {"scatter_reduce",
     {"(2, 3)", "(3, 2)", "axis 0"},
     [](const O& v) {
       static_cast<void>(scatter_reduce(v({3, 2}), v.index({2, 3}), v({2, 3}), 0, Reduce::amax));
     }},
    {"scatter_reduce",
     {"hold real values"},
     [](const O& v) {
       static_cast<void>(scatter_reduce(v({3}), v({2}), v({2}), 0, Reduce::mean));
     }},
    {"scatter_reduce",
     {"index 5", "3 elements"},
     [](const O& v) {
       static_cast<void>(scatter_reduce(v({3}), v.tape().leaf(Tensor(Shape{1}, {Index{5}})), v({1}),
                                        0, Reduce::sum));
     }},
    {"scatter_reduce",
     {"axis 2"},
     [](const O& v) {
       static_cast<void>(scatter_reduce(v({3}), v.index({1}), v({1}), 2, Reduce::sum));
     }},
    {"index_reduce",
     {"(2)", "(3, 2)", "axis 0"},
     [](const O& v) {
       static_cast<void>(index_reduce(v({3, 2}), v.index({2}), v({3, 2}), 0, Reduce::prod));
     }},
    {"index_reduce",
     {"(1, 2)"},
     [](const O& v) {
       static_cast<void>(index_reduce(v({3, 2}), v.index({1, 2}), v({2, 2}), 0, Reduce::amin));
     }},
    {"index_reduce",
     {"index -4", "3 elements"},
     [](const O& v) {
       static_cast<void>(index_reduce(v({3}), v.tape().leaf(Tensor(Shape{1}, {Index{-4}})), v({1}),
                                      0, Reduce::amin));
     }},
    {"softplus", {"beta 0"}, [](const O& v) { static_cast<void>(softplus(v({2}), 0.0)); }},
    {"softplus", {"beta -1"}, [](const O& v) { static_cast<void>(softplus(v({2}), -1.0)); }},
    {"softplus",
     {"beta nan"},
     [](const O& v) { static_cast<void>(softplus(v({2}), std::nan(""))); }},
    {"clamp", {"(2)", "(3)"}, [](const O& v) { static_cast<void>(clamp(v({2}), v({3}), v({2}))); }},
    {"clamp", {"(2)", "(3)"}, [](const O& v) { static_cast<void>(clamp(v({2}), v({2}), v({3}))); }},
    {"clamp",
     {"holds indices"},
     [](const O& v) { static_cast<void>(clamp(v.index({2}), v({2}), v({2}))); }},
    {"solve_right",
     {"(2, 3)"},
     [](const O& v) {
       static_cast<void>(solve_right(v({2, 3}), v({2, 2})));
     }},
    {"solve_right",
     {"(2, 2)", "(2, 3)", "2 columns"},
     [](const O& v) {
       static_cast<void>(solve_right(v({2, 2}), v({2, 3})));
     }},
    {"solve_right",
     {"(2, 2)", "()"},
     [](const O& v) {
       static_cast<void>(solve_right(v({2, 2}), v({})));
     }},
    {"cummax_indices",
     {"axis 1"},
     [](const O& v) { static_cast<void>(cummax_indices(v({3}), 1)); }},
    {"cummax_indices",
     {"holds indices"},
     [](const O& v) { static_cast<void>(cummax_indices(v.index({3}), 0)); }},
    {"cummin_indices",
     {"axis -2"},
     [](const O& v) { static_cast<void>(cummin_indices(v({3}), -2)); }},
    {"lu", {"(3)"}, [](const O& v) { static_cast<void>(lu(v({3}))); }},
    {"lu",
     {"holds indices"},
     [](const O& v) {
       static_cast<void>(lu(v.index({3, 3})));
     }},
    {"lu_solve",
     {"(2, 3)"},
     [](const O& v) {
       static_cast<void>(lu_solve(lu(v({2, 3})), v({2})));
     }},
    {"lu_solve",
     {"(2, 2)", "(3, 1)", "2 rows"},
     [](const O& v) {
       static_cast<void>(lu_solve(lu(v({2, 2})), v({3, 1})));
     }},
    {"lu_solve",
     {"singular"},
     [](const O& v) {
       static_cast<void>(lu_solve(lu(v({2, 2})), v({2})));
     }},
    {"svd_full", {"(3)"}, [](const O& v) { static_cast<void>(svd_full(v({3}))); }},
    {"svd_full", {"()"}, [](const O& v) { static_cast<void>(svd_full(v({}))); }},
    {"svd_full",
     {"holds indices"},
     [](const O& v) {
       static_cast<void>(svd_full(v.index({2, 2})));
     }},
    {"kthvalue",
     {"k = 0", "3 elements"},
     [](const O& v) { static_cast<void>(kthvalue(v({3}), 0)); }},
    {"kthvalue",
     {"k = 4", "3 elements"},
     [](const O& v) { static_cast<void>(kthvalue(v({3}), 4)); }},
    {"kthvalue",
     {"holds indices"},
     [](const O& v) { static_cast<void>(kthvalue(v.index({3}), 1)); }},
    {"median_along",
     {"(0, 3)", "axis 0"},
     [](const O& v) {
       static_cast<void>(median_along(v({0, 3}), 0));
     }},
    {"nanmedian", {"(0)"}, [](const O& v) { static_cast<void>(nanmedian(v({0}))); }},
    {"mode", {"axis 1"}, [](const O& v) { static_cast<void>(mode(v({3}), 1)); }},
    {"quantile", {"q = 1.5", "(3)"}, [](const O& v) { static_cast<void>(quantile(v({3}), 1.5)); }},
    {"quantile",
     {"q = nan"},
     [](const O& v) { static_cast<void>(quantile(v({3}), std::nan(""), 0)); }},
    {"quantile",
     {"(2, 0)", "axis 1"},
     [](const O& v) {
       static_cast<void>(quantile(v({2, 0}), 0.5, 1));
     }},
    {"quantile",
     {"no q"},
     [](const O& v) { static_cast<void>(quantile(v({2}), std::span<const double>{}, 0)); }},
    {"erfcx", {"holds indices"}, [](const O& v) { static_cast<void>(erfcx(v.index({2}))); }},
    {"log_ndtr", {"holds indices"}, [](const O& v) { static_cast<void>(log_ndtr(v.index({2}))); }},
    {"bessel_i", {"order -1"}, [](const O& v) { static_cast<void>(bessel_i(-1, v({2}))); }},
    {"bessel_i", {"order 101"}, [](const O& v) { static_cast<void>(bessel_i(101, v({2}))); }},
    {"bessel_i", {"holds indices"}, [](const O& v) { static_cast<void>(i0(v.index({2}))); }},
    {"igamma", {"(2)", "(3)"}, [](const O& v) { static_cast<void>(igamma(v({2}), v({3}))); }},
    {"igamma",
     {"holds indices"},
     [](const O& v) { static_cast<void>(igamma(v.index({2}), v({2}))); }},
    {"igammac", {"(2)", "(3)"}, [](const O& v) { static_cast<void>(igammac(v({2}), v({3}))); }},
    {"zeta", {"(2)", "(3)"}, [](const O& v) { static_cast<void>(zeta(v({2}), v({3}))); }},
    {"zeta", {"holds indices"}, [](const O& v) { static_cast<void>(zeta(v({2}), v.index({2}))); }},
    {"zeta", {"holds indices"}, [](const O& v) { static_cast<void>(zeta(v.index({2}), 1)); }},
    {"fft",
     {"(2)", "(3)"},
     [](const O& v) {
       static_cast<void>(fft({v({2}), v({3})}));
     }},
    {"fft",
     {"axis 1"},
     [](const O& v) {
       static_cast<void>(fft({v({2}), v({2})}, 1));
     }},
    {"ifft",
     {"(2, 0)"},
     [](const O& v) {
       static_cast<void>(ifft({v({2, 0}), v({2, 0})}));
     }},
    {"rfft", {"holds indices"}, [](const O& v) { static_cast<void>(rfft(v.index({2}))); }},
    {"irfft",
     {"(3)", "6", "3 != 4"},
     [](const O& v) {
       static_cast<void>(irfft({v({3}), v({3})}, 6));
     }},
    {"irfft",
     {"0"},
     [](const O& v) {
       static_cast<void>(irfft({v({1}), v({1})}, 0));
     }},

};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_pytorch)

BOOST_DATA_TEST_CASE(is_refused, boost::unit_test::data::make(calls), c) {
  testing::expect_refusal(c);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
