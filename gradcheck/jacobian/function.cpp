#include "gradcheck/jacobian/function.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {

namespace detail {
namespace {

constexpr std::uint64_t unwritten_bits = 0x7ff8'dead'beef'0001;  // quiet, with a payload of its own
constexpr double unwritten_value = std::bit_cast<double>(unwritten_bits);

}  // namespace

bool is_unwritten(double value) { return std::bit_cast<std::uint64_t>(value) == unwritten_bits; }

LentBuffer::LentBuffer(std::size_t size) : size_(size), cells_(size + 2 * guard, unwritten_value) {}

std::size_t LentBuffer::unwritten() const {
  return static_cast<std::size_t>(std::ranges::count_if(span(), is_unwritten));
}

void LentBuffer::require_inside(std::string_view who) const {
  for (std::size_t k = 0; k < cells_.size(); ++k) {
    const bool inside = k >= guard && k < guard + size_;
    if (inside || is_unwritten(cells_[k])) continue;
    const auto at = static_cast<std::ptrdiff_t>(k) - static_cast<std::ptrdiff_t>(guard);
    throw ShapeError(fmt::format(
        "{}: it wrote outside of the {} entries that it was lent, at position {}", who, size_, at));
  }
}

}  // namespace detail

std::vector<double> VectorFunction::at(std::span<const double> x, std::size_t outputs) const {
  if (returner_) {
    std::vector<double> values = returner_(x);
    if (outputs != 0 && values.size() != outputs) {
      throw ShapeError(
          fmt::format("f: it returned {} values, but {} are expected", values.size(), outputs));
    }
    return values;
  }
  detail::LentBuffer buffer(outputs);
  writer_(x, buffer.span());
  buffer.require_inside("f");
  return {buffer.span().begin(), buffer.span().end()};
}

}  // namespace dtheta::gradcheck
