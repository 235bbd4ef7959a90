// Functions that came from PyTorch, called with operands that none of their kind takes: of each
// three.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <functional>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/ops/elementwise/bessel.hpp"
#include "autodiff/ops/elementwise/incomplete_gamma.hpp"
#include "autodiff/ops/elementwise/scaled_error_functions.hpp"
#include "autodiff/ops/elementwise/zeta.hpp"
#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/linalg/lu.hpp"
#include "autodiff/ops/linalg/svd_full.hpp"
#include "autodiff/ops/reduction/quantile.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "tests/autodiff/wrong_calls/wrong_call.hpp"

namespace dtheta {
namespace {

using O = testing::Operands;
using testing::WrongCall;
namespace data = boost::unit_test::data;

template <class... Operands>
struct Function {
  std::string name;
  std::function<void(Operands...)> call;
  friend std::ostream& operator<<(std::ostream& out, const Function& f) { return out << f.name; }
};

/// Indices of three shapes each.
const std::vector<Function<Var>> of_real_values{
    {"bessel_i", [](Var x) { static_cast<void>(i1(x)); }},
    {"cummax_indices", [](Var x) { static_cast<void>(cummax_indices(x, 0)); }},
    {"cummin_indices", [](Var x) { static_cast<void>(cummin_indices(x, 0)); }},
    {"erfcx", [](Var x) { static_cast<void>(erfcx(x)); }},
    {"kthvalue", [](Var x) { static_cast<void>(kthvalue(x, 1)); }},
    {"log_ndtr", [](Var x) { static_cast<void>(log_ndtr(x)); }},
    {"lu", [](Var x) { static_cast<void>(lu(x)); }},
    {"median_along", [](Var x) { static_cast<void>(median_along(x)); }},
    {"mode", [](Var x) { static_cast<void>(mode(x)); }},
    {"nanmean", [](Var x) { static_cast<void>(nanmean(x)); }},
    {"nanmean", [](Var x) { static_cast<void>(nanmean(x, {0})); }},
    {"nanmedian", [](Var x) { static_cast<void>(nanmedian(x)); }},
    {"nanmedian_along", [](Var x) { static_cast<void>(nanmedian_along(x)); }},
    {"nansum", [](Var x) { static_cast<void>(nansum(x)); }},
    {"nansum", [](Var x) { static_cast<void>(nansum(x, {0})); }},
    {"quantile", [](Var x) { static_cast<void>(quantile(x, 0.5)); }},
    {"quantile", [](Var x) { static_cast<void>(quantile(x, 0.5, 0)); }},
    {"rfft", [](Var x) { static_cast<void>(rfft(x)); }},
    {"svd_full", [](Var x) { static_cast<void>(svd_full(x)); }},
};

/// Shapes that do not fit, three ways.
const std::vector<Function<Var, Var>> of_two{
    {"fft",
     [](Var a, Var b) {
       static_cast<void>(fft({a, b}));
     }},
    {"fft2",
     [](Var a, Var b) {
       static_cast<void>(fft2({a, b}));
     }},
    {"ifft",
     [](Var a, Var b) {
       static_cast<void>(ifft({a, b}));
     }},
    {"ifft2",
     [](Var a, Var b) {
       static_cast<void>(ifft2({a, b}));
     }},
    {"igamma", [](Var a, Var b) { static_cast<void>(igamma(a, b)); }},
    {"igammac", [](Var a, Var b) { static_cast<void>(igammac(a, b)); }},
    {"zeta", [](Var a, Var b) { static_cast<void>(zeta(a, b)); }},
};

/// Axes that are not there: counted from the front, from the back, and of a scalar.
const std::vector<Function<Var, int>> along_an_axis{
    {"cummax_indices", [](Var x, int a) { static_cast<void>(cummax_indices(x, a)); }},
    {"cummin_indices", [](Var x, int a) { static_cast<void>(cummin_indices(x, a)); }},
    {"fft",
     [](Var x, int a) {
       static_cast<void>(fft({x, x}, a));
     }},
    {"ifft",
     [](Var x, int a) {
       static_cast<void>(ifft({x, x}, a));
     }},
    {"irfft",
     [](Var x, int a) {
       static_cast<void>(irfft({x, x}, 2, a));
     }},
    {"kthvalue", [](Var x, int a) { static_cast<void>(kthvalue(x, 1, a)); }},
    {"median_along", [](Var x, int a) { static_cast<void>(median_along(x, a)); }},
    {"mode", [](Var x, int a) { static_cast<void>(mode(x, a)); }},
    {"nanmean", [](Var x, int a) { static_cast<void>(nanmean(x, {a})); }},
    {"nanmedian_along", [](Var x, int a) { static_cast<void>(nanmedian_along(x, a)); }},
    {"nansum", [](Var x, int a) { static_cast<void>(nansum(x, {a})); }},
    {"quantile", [](Var x, int a) { static_cast<void>(quantile(x, 0.5, a)); }},
    {"rfft", [](Var x, int a) { static_cast<void>(rfft(x, a)); }},
};

}  // namespace

BOOST_AUTO_TEST_SUITE(pytorch_wrong_operands)

BOOST_DATA_TEST_CASE(indices_are_refused, data::make(of_real_values), f) {
  const std::vector<std::pair<std::string, Shape>> shapes{
      {"(3)", {3}}, {"(2, 2)", {2, 2}}, {"(2, 3, 3)", {2, 3, 3}}};
  for (const auto& [name, shape] : shapes) {
    testing::expect_refusal({f.name, {name, "holds indices"}, [&](const O& v) {
                               f.call(v.tape().leaf(Tensor(shape, DType::int64)));
                             }});
  }
}

BOOST_DATA_TEST_CASE(shapes_that_do_not_fit_are_refused, data::make(of_two), f) {
  testing::expect_refusal({f.name, {"(2, 2)", "(2, 3)"}, [&](const O& v) {
                             f.call(v({2, 2}), v({2, 3}));
                           }});
  testing::expect_refusal({f.name, {"(4, 2, 2)", "(3, 2)"}, [&](const O& v) {
                             f.call(v({4, 2, 2}), v({3, 2}));
                           }});
  testing::expect_refusal({f.name, {"(5, 3)", "(4)"}, [&](const O& v) {
                             f.call(v({5, 3}), v({4}));
                           }});
}

BOOST_DATA_TEST_CASE(axes_that_are_not_there_are_refused, data::make(along_an_axis), f) {
  testing::expect_refusal({f.name, {"axis 2"}, [&](const O& v) { f.call(v({2, 2}), 2); }});
  testing::expect_refusal({f.name, {"axis -3"}, [&](const O& v) { f.call(v({2, 2}), -3); }});
  testing::expect_refusal({f.name, {"axis 0"}, [&](const O& v) { f.call(v({}), 0); }});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
