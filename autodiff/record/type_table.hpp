#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "autodiff/record/segmented.hpp"
#include "autodiff/scalar/value_type.hpp"

namespace dtheta {
namespace detail {

/// A hash of what has gone in so far and one more number. Fibonacci hashing: the high bits of the
/// product are well mixed.
[[nodiscard]] constexpr std::uint64_t mixed(std::uint64_t hash, std::uint64_t next) {
  hash = (hash ^ next) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32);
}

}  // namespace detail

/// Types, each once, so that a record or a value need not hold its own, and equal types are known
/// by their place. They never move and are kept as long as the table is.
class TypeTable {
 public:
  /// The place of a type, which is added if it is new.
  std::uint32_t find_or_add(const ValueType& type) {
    if (types_.size() > 0 && types_[last_] == type) return last_;
    if (2 * (types_.size() + 1) > slots_.size()) grow();
    std::uint32_t& slot = slot_of(type);
    if (slot == none) {
      types_.push_back(type);  // first: it may throw
      slot = static_cast<std::uint32_t>(types_.size() - 1);
    }
    return last_ = slot;
  }
  [[nodiscard]] const ValueType& operator[](std::size_t place) const { return types_[place]; }

 private:
  static constexpr std::uint32_t none = ~std::uint32_t{0};

  /// Where the place of `type` is written or belongs.
  [[nodiscard]] std::uint32_t& slot_of(const ValueType& type) {
    auto hash = static_cast<std::uint64_t>(type.kind);
    for (const Index n : type.shape) {
      hash = detail::mixed(hash, static_cast<std::uint64_t>(n) + 1);
    }
    for (std::size_t i = hash;; ++i) {
      std::uint32_t& slot = slots_[i & (slots_.size() - 1)];
      if (slot == none || types_[slot] == type) return slot;
    }
  }
  void grow() {
    slots_.assign(slots_.empty() ? 32 : 2 * slots_.size(), none);
    for (std::uint32_t t = 0; t < types_.size(); ++t) slot_of(types_[t]) = t;
  }

  Segmented<ValueType, 16> types_;
  std::vector<std::uint32_t> slots_;  // a power of two of them, at most half of them used
  std::uint32_t last_ = 0;
};

}  // namespace dtheta
