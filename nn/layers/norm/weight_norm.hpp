#pragma once

#include <concepts>
#include <optional>
#include <utility>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// A layer that can be asked what it says with another weight: Linear, the convolutions and their
/// transposes.
template <class L>
concept HasWeight = requires(L& layer, const L& fixed, Recording& r, Var x) {
  { layer.weight_parameter() } -> std::same_as<Parameter&>;
  { layer.bias_parameter() } -> std::same_as<std::optional<Parameter>&>;
  { fixed.forward_with(r, x, x) } -> std::same_as<Var>;
};

namespace detail {

/// The parameter g of a weight v: its norms over all axes but one, which is `axis`; `drawn` with v,
/// if that is. Throws ShapeError when v has no such axis.
[[nodiscard]] Parameter norms_of(const Parameter& v, int axis);
/// g v / ||v||.
[[nodiscard]] Var with_norms(Var v, Var g, int axis);

}  // namespace detail

/// A layer whose weight is g v / ||v||, direction and length apart (Salimans and Kingma 2016):
///   WeightNorm(Linear(16, 8))
/// The norm is over all axes of the weight but one, by default the first, so that each unit has a
/// length of its own; it starts as that of the layer's weight. Its parameters are `weight_v`,
/// `weight_g` and the layer's `bias`.
template <HasWeight L>
class WeightNorm {
 public:
  explicit WeightNorm(L layer, int axis = 0)
      : layer_(std::move(layer)),
        axis_(axis),
        g_(detail::norms_of(std::as_const(layer_).weight_parameter(), axis)) {}

  [[nodiscard]] Var forward(Recording& recording, Var x) const {
    const Var v = recording(layer_.weight_parameter()), g = recording(g_);
    return layer_.forward_with(recording, x, detail::with_norms(v, g, axis_));
  }
  void fields(Fields& fields) {
    fields("weight_v", layer_.weight_parameter())("weight_g", g_)("bias", layer_.bias_parameter());
  }

 private:
  L layer_;
  int axis_;
  Parameter g_;
};

}  // namespace dtheta::nn
