#include "gradcheck/parameter_vector.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>
#include <ostream>
#include <utility>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck {
namespace {

std::string show(std::span<const std::size_t> shape) {
  return fmt::format("({})", fmt::join(shape, ", "));
}

std::size_t product(const std::string& name, std::span<const std::size_t> shape) {
  std::size_t size = 1;
  for (const std::size_t extent : shape) {
    if (extent != 0 && size > std::numeric_limits<std::size_t>::max() / extent) {
      throw ShapeError(fmt::format("theta: the shape {} of {} has more entries than can be counted",
                                   show(shape), name));
    }
    size *= extent;
  }
  return size;
}

}  // namespace

std::string to_string(const Key& key) {
  if (key.index.empty()) return key.name;
  return fmt::format("{}[{}]", key.name, fmt::join(key.index, ", "));
}

std::ostream& operator<<(std::ostream& out, const Key& key) { return out << to_string(key); }

void ParameterVector::add(std::string name, std::size_t layer, std::vector<std::size_t> shape,
                          std::span<const double> values) {
  if (name.empty()) throw NameError("theta: a block needs a name, for example \"W1\"");
  if (std::ranges::any_of(blocks_, [&](const Block& b) { return b.name == name; })) {
    throw NameError(
        fmt::format("theta: the name {} is taken; every block needs a name of its own", name));
  }
  const std::size_t size = product(name, shape);
  if (size != values.size()) {
    throw ShapeError(fmt::format("theta: {} of shape {} needs {} values, but {} were given", name,
                                 show(shape), size, values.size()));
  }
  Block block{std::move(name), layer, std::move(shape), values_.size(), size};
  // Room first, so that nothing is half added; doubled, so that many blocks are not moved each
  // time.
  if (blocks_.size() == blocks_.capacity()) blocks_.reserve(2 * blocks_.size() + 1);
  values_.insert(values_.end(), values.begin(), values.end());
  blocks_.push_back(std::move(block));
}

void ParameterVector::extract(std::string_view name, std::span<double> out) const {
  const auto flat = values(name);
  if (flat.size() != out.size()) {
    throw ShapeError(fmt::format("theta: {} has {} entries, but the place to put them has {}", name,
                                 flat.size(), out.size()));
  }
  std::ranges::copy(flat, out.begin());
}

std::size_t ParameterVector::block_position(std::string_view name) const {
  const auto found = std::ranges::find(blocks_, name, &Block::name);
  if (found != blocks_.end()) return static_cast<std::size_t>(found - blocks_.begin());
  std::vector<std::string_view> names;
  for (const Block& b : blocks_) names.emplace_back(b.name);
  throw NameError(
      fmt::format("theta: no block is called {}; there are: {}", name, fmt::join(names, ", ")));
}

const Block& ParameterVector::block(std::string_view name) const {
  return blocks_[block_position(name)];
}

std::span<const double> ParameterVector::values(std::string_view name) const {
  const Block& b = block(name);
  return std::span<const double>(values_).subspan(b.offset, b.size);
}

std::span<double> ParameterVector::values(std::string_view name) {
  const Block& b = block(name);
  return std::span<double>(values_).subspan(b.offset, b.size);
}

Key ParameterVector::key(std::size_t i) const {
  if (i >= values_.size()) {
    throw ShapeError(fmt::format("theta: there is no entry {}; the last of {} entries is {}", i,
                                 values_.size(), values_.empty() ? 0 : values_.size() - 1));
  }
  // The last block that starts at or before i; an empty block before it starts there too.
  const auto after = std::ranges::upper_bound(blocks_, i, {}, &Block::offset);
  const auto position = static_cast<std::size_t>(after - blocks_.begin()) - 1;
  const Block& b = blocks_[position];
  Key key{position, b.name, b.layer, std::vector<std::size_t>(b.shape.size())};
  std::size_t rest = i - b.offset;
  for (std::size_t d = b.shape.size(); d-- > 0;) {
    key.index[d] = rest % b.shape[d];
    rest /= b.shape[d];
  }
  return key;
}

std::size_t ParameterVector::position(std::string_view name,
                                      std::span<const std::size_t> index) const {
  const Block& b = block(name);
  std::size_t flat = 0;
  bool inside = index.size() == b.shape.size();
  for (std::size_t d = 0; inside && d < index.size(); ++d) {
    inside = index[d] < b.shape[d];
    flat = flat * b.shape[d] + index[d];
  }
  if (!inside) {
    throw ShapeError(fmt::format("theta: {} of shape {} has no entry [{}]", name, show(b.shape),
                                 fmt::join(index, ", ")));
  }
  return b.offset + flat;
}

void ParameterVector::require_shape(const Block& block, std::span<const std::size_t> shape) {
  if (std::ranges::equal(block.shape, shape)) return;
  throw ShapeError(fmt::format("theta: {} has shape {}, but the other array has shape {}",
                               block.name, show(block.shape), show(shape)));
}

void ParameterVector::require_same_layout(const ParameterVector& other) const {
  if (blocks_.size() != other.blocks_.size()) {
    throw ShapeError(
        fmt::format("theta has {} blocks, but the gradient has {}; they must be laid "
                    "out alike",
                    blocks_.size(), other.blocks_.size()));
  }
  for (std::size_t b = 0; b < blocks_.size(); ++b) {
    if (blocks_[b].shape == other.blocks_[b].shape) continue;
    throw ShapeError(
        fmt::format("theta: block {} ({}) has shape {}, but its gradient ({}) has "
                    "shape {}",
                    b, blocks_[b].name, show(blocks_[b].shape), other.blocks_[b].name,
                    show(other.blocks_[b].shape)));
  }
}

ParameterVector unnamed(std::span<const double> values) {
  ParameterVector theta;
  theta.add("theta", 0, {values.size()}, values);
  return theta;
}

}  // namespace dtheta::gradcheck
