#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/bessel.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/elementwise/incomplete_gamma.hpp"
#include "autodiff/ops/elementwise/scaled_error_functions.hpp"
#include "autodiff/ops/elementwise/zeta.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta::testing {

using In = std::span<const Var>;
using Out = std::vector<Var>;

void add_elementwise_functions(CaseFunctions& f) {
  f["softplus/beta"] = [](In x) { return Out{softplus(x[0], 2.5)}; };
  f["clamp/tensors"] = [](In x) { return Out{clamp(x[0], x[1], x[2])}; };
  f["clamp/crossed"] = f["clamp/tensors"];
  f["erfcx"] = [](In x) { return Out{erfcx(x[0])}; };
  f["log_ndtr"] = [](In x) { return Out{log_ndtr(x[0])}; };
  f["i0"] = [](In x) { return Out{i0(x[0])}; };
  f["i1"] = [](In x) { return Out{i1(x[0])}; };
  f["igamma"] = [](In x) { return Out{igamma(x[0], x[1])}; };
  f["igammac"] = [](In x) { return Out{igammac(x[0], x[1])}; };
  f["zeta"] = [](In x) { return Out{zeta(x[0], x[1])}; };
}

}  // namespace dtheta::testing
