#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <stdexcept>
#include <vector>

/// Letters between processes of one program: plain values as they lie in memory.
namespace dtheta::gradcheck::detail {

template <class T>
void put(std::vector<std::byte>& letter, std::span<const T> values) {
  if (values.empty()) return;
  const std::size_t at = letter.size();
  letter.resize(at + values.size_bytes());
  std::memcpy(letter.data() + at, values.data(), values.size_bytes());
}

/// `count` values from place `at` on. Throws std::runtime_error where the letter ends before.
template <class T>
std::vector<T> values_of(std::span<const std::byte> letter, std::size_t at, std::size_t count) {
  if (letter.size() < at || (letter.size() - at) / sizeof(T) < count) {
    throw std::runtime_error("shared check: a letter is shorter than it says");
  }
  std::vector<T> values(count);
  if (count > 0) std::memcpy(values.data(), letter.data() + at, count * sizeof(T));
  return values;
}

}  // namespace dtheta::gradcheck::detail
