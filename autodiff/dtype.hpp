#pragma once

#include <concepts>
#include <cstdint>
#include <string_view>

#include "autodiff/shape.hpp"

namespace dtheta {

/// Element type of a Tensor. Integer tensors are labels and indices: inputs without a gradient.
enum class DType : std::uint8_t { float32, float64, int64 };

/// The element types a Tensor stores.
template <class T>
concept Element = std::same_as<T, float> || std::same_as<T, double> || std::same_as<T, Index>;

template <Element T>
inline constexpr DType dtype_of = std::same_as<T, float>    ? DType::float32
                                  : std::same_as<T, double> ? DType::float64
                                                            : DType::int64;

[[nodiscard]] constexpr std::size_t size_of(DType type) { return type == DType::float32 ? 4 : 8; }

[[nodiscard]] constexpr std::string_view to_string(DType type) {
  switch (type) {
    case DType::float32:
      return "float32";
    case DType::float64:
      return "float64";
    case DType::int64:
      return "int64";
  }
  return "unknown dtype";
}

}  // namespace dtheta
