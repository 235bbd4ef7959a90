#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "autodiff/random.hpp"
#include "autodiff/tensor.hpp"
#include "nn/lifetime.hpp"

namespace dtheta::nn {

/// First values for a shape under a key, such as those of nn/init.hpp.
using Initializer = std::function<Tensor(const Shape&, RandomKey)>;

/// A tensor that training changes.
struct Parameter {
  std::string symbol;       ///< "weight" or "bias": the last part of its path in a model
  Tensor value{};           ///< kept in float64, whatever the precision of the training
  int layer = 1;            ///< of one that stands in no model's list: see name()
  bool regularized = true;  ///< weight penalties apply to it; biases are left alone
  bool trainable = true;    ///< else it is frozen: recorded, but no parameter of the cost
  Initializer init{};       ///< draws the first values; none where the layer's maker gave them
  bool pending = false;     ///< it waits for `initialize`, and until then has no values
  /// In place of `init`: its first values follow from those of the parameter listed before it.
  std::function<Tensor(const Tensor&)> follow{};
  std::optional<RandomKey> key{};  ///< that the layer's maker gave, with the first it was used for
  Lifetime lifetime{};             ///< recordings know a parameter by its address

  /// "W1": the symbol and the layer, for one that stands alone. In a model it goes by its path.
  [[nodiscard]] std::string name() const { return symbol + std::to_string(layer); }
};

/// A tensor that is state but not trained: a running mean, say. It is saved with the parameters,
/// and a check takes it as fixed.
struct Buffer {
  Tensor value{};
  Lifetime lifetime{};
};

/// The source of a layer's random numbers. In a model it follows from the seed and the path.
struct RandomStream {
  /// In place of `init`: its first values follow from those of the parameter listed before it.
  std::function<Tensor(const Tensor&)> follow{};
  std::optional<RandomKey> key{};  ///< none before `initialize`
  bool given = false;              ///< by the layer's maker: `initialize` leaves it alone

  RandomStream() = default;
  RandomStream(RandomKey k) : key(k), given(true) {}
  RandomStream(std::uint32_t seed, std::uint32_t stream) : RandomStream(RandomKey{seed, stream}) {}
};

/// A parameter whose values `initialize` will draw.
[[nodiscard]] Parameter to_draw(std::string symbol, const Shape& shape, Initializer init,
                                bool regularized = true);
/// One that has its values, and which no penalty applies to.
[[nodiscard]] Parameter given(std::string symbol, Tensor value);
/// Draws its values now. A layer that draws several under one key counts them with `which`, so that
/// they differ.
void draw(Parameter& parameter, RandomKey key, std::uint32_t which = 0);

}  // namespace dtheta::nn
