#include <cmath>

#include "autodiff/ops/loss/ctc.hpp"
#include "autodiff/ops/loss/distance.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/loss/losses_classification.hpp"
#include "autodiff/ops/loss/losses_margin.hpp"
#include "autodiff/ops/reduction/softmax.hpp"
#include "tests/pytorch/functions.hpp"

namespace dtheta::testing {

using In = std::span<const Var>;
using Out = std::vector<Var>;

void add_loss_functions(CaseFunctions& f) {
  const auto ctc = [](In x, const CtcOptions& o) {
    return Out{ctc_loss(log_softmax(x[0]), x[1], x[2], x[3], o)};
  };
  f["ctc_loss"] = [=](In x) { return ctc(x, {}); };
  f["ctc_loss/zero_infinity"] = [=](In x) { return ctc(x, {.zero_infinity = true}); };
  f["ctc_loss/blank"] = [=](In x) { return ctc(x, {.blank = 2}); };
  f["bce/pos_weight"] = [](In x) {
    return Out{binary_cross_entropy_with_logits(x[0], x[1], x[2])};
  };
  f["cross_entropy/ignored"] = [](In x) {
    return Out{cross_entropy_with_logits(x[0], x[1], ignored_label)};
  };
  f["cross_entropy/weights"] = [](In x) {
    return Out{cross_entropy_with_logits(x[0], x[1], x[2])};
  };
  f["nll/weights"] = [](In x) { return Out{nll(x[0], x[1], x[2])}; };
  f["cross_entropy/smoothed_ignored"] = [](In x) {
    return Out{smoothed_cross_entropy(x[0], x[1], 0.2, ignored_label)};
  };
  f["kl_div/log_target"] = [](In x) { return Out{kl_div_of_logs(x[0], x[1])}; };
  for (const int p : {1, 2}) {
    const std::string name = "multi_margin/" + std::string(p == 1 ? "1" : "2");
    f[name] = [=](In x) { return Out{multi_margin(x[0], x[1], p, 0.75)}; };
    f[name + "/weights"] = [=](In x) { return Out{multi_margin(x[0], x[1], x[2], p)}; };
  }
  f["multilabel_margin"] = [](In x) { return Out{multilabel_margin(x[0], x[1])}; };
  f["multilabel_soft_margin"] = [](In x) { return Out{multilabel_soft_margin(x[0], x[1])}; };
  f["multilabel_soft_margin/weights"] = [](In x) {
    return Out{multilabel_soft_margin(x[0], x[1], x[2])};
  };
  f["soft_margin"] = [](In x) { return Out{soft_margin(x[0], x[1])}; };
  for (const auto& [name, p] : {std::pair{"1.0", 1.0}, std::pair{"2.0", 2.0}, std::pair{"3.0", 3.0},
                                std::pair{"inf", HUGE_VAL}}) {
    f[std::string("cdist/") + name] = [=](In x) { return Out{cdist(x[0], x[1], p)}; };
    f[std::string("pdist/") + name] = [=](In x) { return Out{pdist(x[0], p)}; };
  }
}

}  // namespace dtheta::testing
