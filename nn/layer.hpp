#pragma once

#include <concepts>
#include <memory>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/fields.hpp"
#include "nn/layers/activation.hpp"
#include "nn/recording.hpp"

namespace dtheta::nn {

/// A layer is a value that records what it computes. One that has members that are trained, kept or
/// random lists them, see nn/fields.hpp, and takes them from the recording:
/// `affine(x, recording(weight_), recording(bias_))`.
template <class L>
concept Layer = std::copyable<L> && requires(const L& layer, Recording& recording, Var x) {
  { layer.forward(recording, x) } -> std::same_as<Var>;
};

/// Any layer, its type forgotten. Copies are deep, as those of the layer itself. One that has been
/// moved from is no layer: it can be copied, assigned to and destroyed, and all else throws
/// StateError.
class AnyLayer {
 public:
  using holds_any_layer = void;  ///< it is no module of its own in a list of fields

  template <class L>
  requires(!std::same_as<L, AnyLayer> && !std::same_as<L, Activation>) AnyLayer(L layer)
      : self_(make(std::move(layer))) {}
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
  void fields(Fields& fields) { self().fields(fields); }

 private:
  struct Interface {
    virtual ~Interface() = default;
    [[nodiscard]] virtual std::unique_ptr<Interface> clone() const = 0;
    [[nodiscard]] virtual Var forward(Recording& recording, Var x) const = 0;
    virtual void fields(Fields& fields) = 0;
  };

  template <class L>
  struct Model final : Interface {
    explicit Model(L l) : layer(std::move(l)) {}
    [[nodiscard]] std::unique_ptr<Interface> clone() const override {
      return std::make_unique<Model>(layer);
    }
    [[nodiscard]] Var forward(Recording& recording, Var x) const override {
      return recording.call(nowhere, layer, x);
    }
    void fields(Fields& fields) override { fields.visit(layer); }
    L layer;
  };

  /// Nobody's line: which list of layers calls is no news.
  static constexpr SourceLocation nowhere{};

  template <class L>
  [[nodiscard]] static std::unique_ptr<Interface> make(L layer) {
    static_assert(Layer<L>,
                  "a layer can be copied and has Var forward(nn::Recording&, Var) const; one with "
                  "parameters also has void fields(nn::Fields&), which lists them");
    if constexpr (Layer<L>) return std::make_unique<Model<L>>(std::move(layer));
    return nullptr;
  }

  [[nodiscard]] Interface& self() const {
    if (self_ == nullptr) throw StateError("layer: it has been moved from");
    return *self_;
  }

  std::unique_ptr<Interface> self_;
};

}  // namespace dtheta::nn
