#include "nn/parameter.hpp"

#include <utility>

namespace dtheta::nn {

Parameter to_draw(std::string symbol, const Shape& shape, Initializer init, bool regularized) {
  return {.symbol = std::move(symbol),
          .value = Tensor(shape),
          .regularized = regularized,
          .init = std::move(init),
          .pending = true};
}

Parameter given(std::string symbol, Tensor value) {
  return {.symbol = std::move(symbol), .value = std::move(value), .regularized = false};
}

void draw(Parameter& parameter, RandomKey key, std::uint32_t which) {
  // Odd steps over the seeds: no two of a layer meet, and those of layers with other streams never.
  const RandomKey own{key.seed + which * 0x9E3779B9U, key.stream};
  parameter.value = parameter.init(parameter.value.shape(), own);
  parameter.pending = false;
  parameter.init = nullptr;
  if (which == 0) parameter.key = key;
}

}  // namespace dtheta::nn
