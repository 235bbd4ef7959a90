#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autodiff/segmented.hpp"
#include "autodiff/value_type.hpp"

namespace dtheta {

/// Each type of a tape once: values of equal type refer to the same object, so that types are
/// compared by address and a record holds none. Objects never move and are kept as long as the
/// table lives.
class TypeTable {
 public:
  /// The object equal to `type`.
  [[nodiscard]] const ValueType* find_or_add(const ValueType& type) {
    if (2 * (types_.size() + 1) > slots_.size()) grow();
    const std::size_t i = slot_for(type);
    if (slots_[i] == nullptr) {
      types_.push_back(type);
      slots_[i] = &types_[types_.size() - 1];
    }
    return slots_[i];
  }

 private:
  /// Where `type` is or belongs.
  [[nodiscard]] std::size_t slot_for(const ValueType& type) const {
    auto hash = static_cast<std::uint64_t>(type.kind);
    for (const Index d : type.shape) {
      // Fibonacci hashing: the high bits of the product are well mixed.
      hash = (hash ^ static_cast<std::uint64_t>(d + 1)) * 0x9E3779B97F4A7C15U;
    }
    std::size_t i = (hash >> 32) & (slots_.size() - 1);
    while (slots_[i] != nullptr && *slots_[i] != type) i = (i + 1) & (slots_.size() - 1);
    return i;
  }
  void grow() {
    slots_.assign(slots_.empty() ? 32 : 2 * slots_.size(), nullptr);
    for (std::size_t i = 0; i < types_.size(); ++i) slots_[slot_for(types_[i])] = &types_[i];
  }

  Segmented<ValueType> types_;
  std::vector<const ValueType*> slots_;  // a power of two of them, at most half of them used
};

}  // namespace dtheta
