#pragma once

#include <concepts>
#include <memory>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "nn/layers/activation.hpp"
#include "nn/parameter.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// A layer is a value that records what it computes. One that has parameters lists them:
///   std::vector<Parameter*> parameters();
/// and takes them from the recording: `affine(x, recording(weights_), recording(bias_))`.
template <class L>
concept Layer = std::copyable<L> && requires(const L& layer, Recording& recording, Var x) {
  { layer.forward(recording, x) } -> std::same_as<Var>;
};

/// Any layer, its type forgotten. Copies are deep, as those of the layer itself. One that has been
/// moved from is no layer: it can be copied, assigned to and destroyed, and all else throws
/// StateError.
class AnyLayer {
 public:
  template <class L>
  requires(!std::same_as<L, AnyLayer>) && Layer<L> AnyLayer(L layer)
      : self_(std::make_unique<Model<L>>(std::move(layer))) {}
  /// So that an activation can stand in a list of layers by its name alone.
  AnyLayer(Activation activation) : AnyLayer(Activate{activation}) {}

  AnyLayer(const AnyLayer& other) : self_(other.self_ ? other.self_->clone() : nullptr) {}
  AnyLayer& operator=(const AnyLayer& other) {
    if (this != &other) *this = AnyLayer(other);
    return *this;
  }
  AnyLayer(AnyLayer&&) noexcept = default;
  AnyLayer& operator=(AnyLayer&&) noexcept = default;
  ~AnyLayer() = default;

  [[nodiscard]] Var forward(Recording& recording, Var x) const {
    return self().forward(recording, x);
  }
  [[nodiscard]] std::vector<Parameter*> parameters() { return self().parameters(); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::unique_ptr<Interface> clone() const = 0;
    [[nodiscard]] virtual Var forward(Recording& recording, Var x) const = 0;
    [[nodiscard]] virtual std::vector<Parameter*> parameters() = 0;
  };

  template <class L>
  struct Model final : Interface {
    explicit Model(L l) : layer(std::move(l)) {}
    [[nodiscard]] std::unique_ptr<Interface> clone() const override {
      return std::make_unique<Model>(layer);
    }
    [[nodiscard]] Var forward(Recording& recording, Var x) const override {
      return layer.forward(recording, x);
    }
    [[nodiscard]] std::vector<Parameter*> parameters() override {
      if constexpr (requires { layer.parameters(); })
        return layer.parameters();
      else
        return {};
    }
    L layer;
  };

  [[nodiscard]] Interface& self() const {
    if (self_ == nullptr) throw StateError("layer: it has been moved from");
    return *self_;
  }

  std::unique_ptr<Interface> self_;
};

}  // namespace dtheta::nn
