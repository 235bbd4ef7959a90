#include "nn/train/trainer_state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

bool same_bits(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const auto bytes = static_cast<std::size_t>(a.size()) * size_of(a.dtype());
  return bytes == 0 || std::memcmp(a.bytes(), b.bytes(), bytes) == 0;
}

}  // namespace

const Tensor* TrainerState::find(std::string_view name) const {
  const auto at = std::ranges::find(tensors, name, &NamedTensor::name);
  return at == tensors.end() ? nullptr : &at->value;
}

double TrainerState::number(std::string_view name) const {
  const auto at = numbers.find(name);
  if (at != numbers.end()) return at->second;
  throw ValueError(fmt::format("trainer state: there is no number '{}'", name));
}

bool same_bits(const TrainerState& a, const TrainerState& b) {
  const bool numbers = std::ranges::equal(a.numbers, b.numbers, [](const auto& x, const auto& y) {
    if (x.first == "seconds" && y.first == "seconds") return true;
    return x.first == y.first &&
           std::bit_cast<std::uint64_t>(x.second) == std::bit_cast<std::uint64_t>(y.second);
  });
  return numbers && a.tensors.size() == b.tensors.size() &&
         std::ranges::all_of(a.tensors, [&](const TrainerState::NamedTensor& t) {
           const Tensor* other = b.find(t.name);
           if (t.name == "history.seconds") return other != nullptr;
           return other != nullptr && same_bits(t.value, *other);
         });
}

}  // namespace dtheta::nn
