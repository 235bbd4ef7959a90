#include <array>

#include "autodiff/ops/network/embedding_bag.hpp"
#include "autodiff/ops/reduction/quantile.hpp"
#include "autodiff/ops/reduction/running_extrema.hpp"
#include "autodiff/ops/shape/scatter_reduce.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta::testing {

using In = std::span<const Var>;
using Out = std::vector<Var>;

void add_index_functions(CaseFunctions& f) {
  for (const auto& [name, how] : {std::pair{"sum", Reduce::sum}, std::pair{"prod", Reduce::prod},
                                  std::pair{"mean", Reduce::mean}, std::pair{"amax", Reduce::amax},
                                  std::pair{"amin", Reduce::amin}}) {
    for (const bool self : {false, true}) {
      const std::string tail = std::string(name) + (self ? "/1" : "/0");
      for (const int axis : {0, 1}) {
        f[(axis == 0 ? "scatter_reduce/" : "scatter_reduce_1/") + tail] = [=](In x) {
          return Out{scatter_reduce(x[0], x[1], x[2], axis, how, self)};
        };
      }
      if (how == Reduce::sum) continue;  // PyTorch calls that index_add
      f["index_reduce/" + tail] = [=](In x) {
        return Out{index_reduce(x[0], x[1], x[2], 0, how, self)};
      };
    }
  }
  f["cummax"] = [](In x) { return Out{cummax(x[0], 1), cummax_indices(x[0], 1)}; };
  f["cummin"] = [](In x) { return Out{cummin(x[0], 0), cummin_indices(x[0], 0)}; };
  const auto both = [](const Ranked& r) { return Out{r.values, r.indices}; };
  f["median"] = [=](In x) { return both(median_along(x[0], 1)); };
  f["median/keepdims"] = [=](In x) { return both(median_along(x[0], 0, true)); };
  f["kthvalue"] = [=](In x) { return both(kthvalue(x[0], 2, 1)); };
  f["kthvalue/0"] = [=](In x) { return both(kthvalue(x[0], 3, 0, true)); };
  f["nanmedian"] = [=](In x) { return both(nanmedian_along(x[0], 1)); };
  f["nanmedian/all"] = [](In x) { return Out{nanmedian(x[0])}; };
  f["mode"] = [](In x) { return Out{mode(x[0], 1).values}; };
  for (const auto& [name, between] :
       {std::pair{"linear", Between::linear}, std::pair{"lower", Between::lower},
        std::pair{"higher", Between::higher}, std::pair{"nearest", Between::nearest},
        std::pair{"midpoint", Between::midpoint}}) {
    f[std::string("quantile/") + name] = [=](In x) {
      return Out{quantile(x[0], 0.35, 1, false, between)};
    };
  }
  f["quantile/several"] = [](In x) {
    constexpr std::array qs{0.0, 0.1, 0.75, 1.0};
    return Out{quantile(x[0], qs, 0, true)};
  };
  f["quantile/all"] = [](In x) { return Out{quantile(x[0], 0.6)}; };
  f["nansum"] = [](In x) { return Out{nansum(x[0], 1)}; };
  f["nansum/all"] = [](In x) { return Out{nansum(x[0])}; };
  f["nanmean"] = [](In x) { return Out{nanmean(x[0], 0)}; };
  const auto pooled = [](Var y, Var at) { return Out{y, at}; };
  f["adaptive_max_pool/1"] = [=](In x) {
    return pooled(adaptive_max_pool1d(x[0], 3), adaptive_max_pool1d_indices(x[0], 3));
  };
  f["adaptive_max_pool/2"] = [=](In x) {
    return pooled(adaptive_max_pool2d(x[0], {2, 3}), adaptive_max_pool2d_indices(x[0], {2, 3}));
  };
  f["adaptive_max_pool/3"] = [=](In x) {
    return pooled(adaptive_max_pool3d(x[0], {2, 2, 3}),
                  adaptive_max_pool3d_indices(x[0], {2, 2, 3}));
  };
  for (const auto& [name, how] :
       {std::pair{"sum", Bag::sum}, std::pair{"mean", Bag::mean}, std::pair{"max", Bag::max}}) {
    const std::string bag = std::string("embedding_bag/") + name;
    f[bag] = [=](In x) { return Out{embedding_bag(x[0], x[1], how)}; };
    f[bag + "/offsets"] = [=](In x) { return Out{embedding_bag(x[0], x[1], x[2], how)}; };
  }
  f["embedding_bag/weights"] = [](In x) { return Out{weighted_embedding_bag(x[0], x[1], x[2])}; };
  f["embedding_bag/weights/offsets"] = [](In x) {
    return Out{weighted_embedding_bag(x[0], x[1], x[2], x[3])};
  };
}

}  // namespace dtheta::testing
