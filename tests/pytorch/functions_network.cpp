#include "autodiff/ops/network/attention.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/grid_sample.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta::testing {

using In = std::span<const Var>;
using Out = std::vector<Var>;

void add_network_functions(CaseFunctions& f) {
  for (const Index dilation : {1, 2}) {
    f["conv2d/same/" + std::to_string(dilation)] = [=](In x) {
      return Out{conv2d(x[0], x[1], same_padding(x[1], {.dilation = dilation}))};
    };
  }
  using Options = GridSampleOptions;
  for (const auto& [mode_name, mode] : {std::pair{"bilinear", Options::Mode::linear},
                                        std::pair{"nearest", Options::Mode::nearest}}) {
    for (const auto& [padding_name, padding] :
         {std::pair{"zeros", Options::Padding::zeros},
          std::pair{"border", Options::Padding::border},
          std::pair{"reflection", Options::Padding::reflection}}) {
      for (const bool corners : {false, true}) {
        const Options o{mode, padding, corners};
        const std::string name = std::string("grid_sample/") + mode_name + "/" + padding_name;
        f[name + (corners ? "/1" : "/0")] = [=](In x) { return Out{grid_sample(x[0], x[1], o)}; };
      }
    }
  }
  f["affine_grid/0"] = [](In x) { return Out{affine_grid(x[0], 3, 4)}; };
  f["affine_grid/1"] = [](In x) { return Out{affine_grid(x[0], 3, 4, true)}; };
  f["attend"] = [](In x) {
    const Attended a = attend(x[0], x[1], x[2]);
    return Out{a.values, a.weights};
  };
}

}  // namespace dtheta::testing
