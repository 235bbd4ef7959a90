#pragma once

#include <array>
#include <span>
#include <string_view>

namespace dtheta::nn {

/// A choice and the name by which it is asked for, in a program's arguments say.
template <class E>
struct Named {
  std::string_view name;
  E value;
};
// For compilers that deduce nothing for an aggregate: clang before 17.
template <class E>
Named(std::string_view, E) -> Named<E>;

namespace detail {

/// Throws ValueError: `unknown activation "rleu"; there are: identity, relu, ...`.
[[noreturn]] void throw_unknown_name(std::string_view what, std::string_view name,
                                     std::span<const std::string_view> known);

template <class E, std::size_t N>
[[nodiscard]] E find_name(std::string_view what, std::string_view name,
                          const std::array<Named<E>, N>& table) {
  std::array<std::string_view, N> known;
  for (std::size_t i = 0; i < N; ++i) {
    if (table[i].name == name) return table[i].value;
    known[i] = table[i].name;
  }
  throw_unknown_name(what, name, known);
}

template <class E, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(E value, const std::array<Named<E>, N>& table) {
  for (const Named<E>& entry : table) {
    if (entry.value == value) return entry.name;
  }
  return "unknown";
}

}  // namespace detail
}  // namespace dtheta::nn
