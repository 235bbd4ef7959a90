#include "nn/loss.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "autodiff/errors.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/names.hpp"

namespace dtheta::nn {
namespace {

/// What a loss takes as targets.
enum class Takes : std::uint8_t {
  values,         ///< anything, element by element
  probabilities,  ///< in [0, 1], element by element
  classes,        ///< probabilities along the last axis, or an index: one loss for all of them
};

/// d^2 / 2 for |d| <= 1, |d| - 1/2 beyond.
Var huber_loss(Var d) {
  const Var size = abs(d);
  return where(size <= 1, square(d) / 2, size - 0.5);
}

/// A loss: what it is called, what it takes, and its value for each element or example.
struct LossRow {
  std::string_view name;
  Loss kind;
  Takes takes;
  Var (*values)(Var prediction, Var target);
};

constexpr std::array losses{
    LossRow{"mse", Loss::mse, Takes::values, [](Var p, Var t) { return square(p - t); }},
    LossRow{"l1", Loss::l1, Takes::values, [](Var p, Var t) { return abs(p - t); }},
    LossRow{"huber", Loss::huber, Takes::values, [](Var p, Var t) { return huber_loss(p - t); }},
    LossRow{"binary_cross_entropy", Loss::binary_cross_entropy, Takes::probabilities,
            [](Var p, Var t) { return binary_cross_entropy(p, t); }},
    LossRow{"binary_cross_entropy_with_logits", Loss::binary_cross_entropy_with_logits,
            Takes::probabilities,
            [](Var z, Var t) { return binary_cross_entropy_with_logits(z, t); }},
    LossRow{"cross_entropy", Loss::cross_entropy, Takes::classes,
            [](Var p, Var t) { return cross_entropy(p, t); }},
    LossRow{"cross_entropy_with_logits", Loss::cross_entropy_with_logits, Takes::classes,
            [](Var z, Var t) { return cross_entropy_with_logits(z, t); }},
};

constexpr std::array names = [] {
  std::array<Named<Loss>, losses.size()> list{};
  for (std::size_t i = 0; i < losses.size(); ++i) list[i] = {losses[i].name, losses[i].kind};
  return list;
}();

const LossRow& row_of(Loss kind) {
  const auto found = std::ranges::find(losses, kind, &LossRow::kind);
  if (found == losses.end()) throw ValueError("loss: not a loss");
  return *found;
}

/// Broadcasting would turn (n, 1) against (n) into n^2 losses.
void require_same_shape(Loss kind, Var prediction, Var target) {
  if (prediction.shape() == target.shape()) return;
  throw ShapeError(fmt::format("{}: targets {} do not have the shape {} of the predictions",
                               to_string(kind), dtheta::to_string(target.shape()),
                               dtheta::to_string(prediction.shape())));
}

}  // namespace

Loss parse_loss(std::string_view name) { return detail::find_name("loss", name, names); }

std::string_view to_string(Loss loss) { return detail::name_of(loss, names); }

bool takes_probabilities(Loss loss) { return row_of(loss).takes != Takes::values; }

bool is_over_classes(Loss loss) { return row_of(loss).takes == Takes::classes; }

Var loss(Loss kind, Var prediction, Var target, Reduction reduction) {
  const LossRow& row = row_of(kind);
  if (row.takes != Takes::classes) require_same_shape(kind, prediction, target);
  const Var each = row.values(prediction, target);
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
