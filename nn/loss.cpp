#include "nn/loss.hpp"

#include <fmt/format.h>

#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/network/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/names.hpp"

namespace dtheta::nn {
namespace {

constexpr std::array names{
    Named{"mse", Loss::mse},
    Named{"l1", Loss::l1},
    Named{"huber", Loss::huber},
    Named{"binary_cross_entropy", Loss::binary_cross_entropy},
    Named{"binary_cross_entropy_with_logits", Loss::binary_cross_entropy_with_logits},
    Named{"cross_entropy", Loss::cross_entropy},
    Named{"cross_entropy_with_logits", Loss::cross_entropy_with_logits},
};

/// Broadcasting would turn (n, 1) against (n) into n^2 losses.
void require_same_shape(Loss kind, Var prediction, Var target) {
  if (prediction.shape() == target.shape()) return;
  throw ShapeError(fmt::format("{}: targets {} do not have the shape {} of the predictions",
                               to_string(kind), dtheta::to_string(target.shape()),
                               dtheta::to_string(prediction.shape())));
}

/// d^2 / 2 for |d| <= 1, |d| - 1/2 beyond.
Var huber_loss(Var d) {
  const Var size = abs(d);
  return where(size <= 1, square(d) / 2, size - 0.5);
}

Var values(Loss kind, Var prediction, Var target) {
  switch (kind) {
    case Loss::cross_entropy:
      return cross_entropy(prediction, target);
    case Loss::cross_entropy_with_logits:
      return cross_entropy_with_logits(prediction, target);
    default:
      break;
  }
  require_same_shape(kind, prediction, target);
  switch (kind) {
    case Loss::mse:
      return square(prediction - target);
    case Loss::l1:
      return abs(prediction - target);
    case Loss::huber:
      return huber_loss(prediction - target);
    case Loss::binary_cross_entropy:
      return binary_cross_entropy(prediction, target);
    case Loss::binary_cross_entropy_with_logits:
      return binary_cross_entropy_with_logits(prediction, target);
    default:
      throw ValueError("loss: not a loss");
  }
}

}  // namespace

Loss parse_loss(std::string_view name) { return detail::find_name("loss", name, names); }

std::string_view to_string(Loss loss) { return detail::name_of(loss, names); }

bool takes_probabilities(Loss loss) {
  return loss == Loss::binary_cross_entropy || loss == Loss::binary_cross_entropy_with_logits ||
         is_over_classes(loss);
}

bool is_over_classes(Loss loss) {
  return loss == Loss::cross_entropy || loss == Loss::cross_entropy_with_logits;
}

Var loss(Loss kind, Var prediction, Var target, Reduction reduction) {
  const Var each = values(kind, prediction, target);
  switch (reduction) {
    case Reduction::none:
      return each;
    case Reduction::mean:
      return mean(each);
    case Reduction::sum:
      return sum(each);
  }
  throw ValueError("loss: not a reduction");
}

}  // namespace dtheta::nn
