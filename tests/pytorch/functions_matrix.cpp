#include "autodiff/ops/linalg/fourier.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/linalg/lu.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta::testing {

using In = std::span<const Var>;
using Out = std::vector<Var>;

void add_matrix_functions(CaseFunctions& f) {
  f["solve/right"] = [](In x) { return Out{solve_right(x[0], x[1])}; };
  f["lu"] = [](In x) {
    const Lu d = lu(x[0]);
    const LuFactors parts = lu_factors(d);
    return Out{d.p, parts.l, parts.u};
  };
  f["lu_pivots"] = [](In x) { return Out{lu(x[0]).pivots}; };
  f["lu_solve"] = [](In x) { return Out{lu_solve(lu(x[0]), x[1])}; };
  f["svd/values"] = [](In x) { return Out{svd(x[0]).s}; };
  f["pinv"] = [](In x) { return Out{pinv(x[0])}; };
  const auto parts = [](const ComplexPair& y) { return Out{y.real, y.imaginary}; };
  for (const auto& [name, norm] :
       {std::pair{"backward", FourierNorm::backward}, std::pair{"forward", FourierNorm::forward},
        std::pair{"ortho", FourierNorm::orthogonal}}) {
    f[std::string("fft/") + name] = [=](In x) { return parts(fft({x[0], x[1]}, -1, norm)); };
    f[std::string("ifft/") + name] = [=](In x) { return parts(ifft({x[0], x[1]}, -1, norm)); };
  }
  f["rfft"] = [=](In x) { return parts(rfft(x[0])); };
  for (const Index n : {1, 4, 6, 7, 15, 16}) {
    f["irfft/" + std::to_string(n)] = [=](In x) { return Out{irfft({x[0], x[1]}, n)}; };
  }
  f["fft/0"] = [=](In x) { return parts(fft({x[0], x[1]}, 0)); };
  f["fft2"] = [=](In x) { return parts(fft2({x[0], x[1]})); };
  f["ifft2"] = [=](In x) { return parts(ifft2({x[0], x[1]})); };
}

}  // namespace dtheta::testing
