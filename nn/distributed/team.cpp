#include "nn/distributed/team.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

/// Hands values round until every rank has heard of all: in round k each tells the rank 2^k behind
/// it, so that ceil(log2 size) rounds do. `take` must give the same whatever it hears twice.
/// Hensgen, Finkel and Manber, International Journal of Parallel Programming 17 (1988).
template <class T, class Take>
void hand_round(Team& team, std::vector<T>& values, std::string_view what, const Take& take) {
  std::vector<T> heard(values.size());
  for (int distance = 1; distance < team.size(); distance *= 2) {
    const int to = (team.rank() + distance) % team.size();
    const int from = (team.rank() - distance + team.size()) % team.size();
    const std::array tickets{team.receive(from, std::as_writable_bytes(std::span(heard))),
                             team.send(to, std::as_bytes(std::span(std::as_const(values))))};
    team.wait(tickets, what);
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = take(values[i], heard[i]);
  }
}

}  // namespace

std::uint8_t anywhere(Team& team, std::uint8_t bits, std::string_view what) {
  std::vector<std::uint8_t> all{bits};
  hand_round(team, all, what,
             [](std::uint8_t a, std::uint8_t b) { return static_cast<std::uint8_t>(a | b); });
  return all.front();
}

std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t before) {
  // FNV-1a's step on words in place of bytes, with a shift that lets high bits come down.
  constexpr std::uint64_t prime = 0x100000001B3ULL, basis = 0xCBF29CE484222325ULL;
  std::uint64_t h = before ^ basis ^ bytes.size();
  for (std::size_t at = 0; at < bytes.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min(sizeof word, bytes.size() - at));
    h = (h ^ word) * prime;
    h ^= h >> 29;
  }
  return h;
}

void require_same(Team& team, std::span<const Shared> all) {
  struct Span {
    std::uint64_t least, most;
  };
  std::vector<Span> spans;
  for (const Shared& s : all) spans.push_back({s.fingerprint, s.fingerprint});
  hand_round(team, spans, "what all ranks start from", [](const Span& a, const Span& b) {
    return Span{std::min(a.least, b.least), std::max(a.most, b.most)};
  });
  std::vector<std::string> other;
  for (std::size_t i = 0; i < spans.size(); ++i) {
    if (spans[i].least != spans[i].most) other.push_back(all[i].name);
  }
  if (other.empty()) return;
  throw ValueError(
      fmt::format("trainer: the {} ranks do not agree in {}: give all of them the same model, "
                  "data, options and "
                  "state, and machines whose processors compute alike",
                  team.size(), fmt::join(other, ", ")));
}

}  // namespace dtheta::nn
