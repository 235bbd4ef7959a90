// IDX: two zero bytes, the element type, the number of axes, each dimension in four bytes, then
// the elements, row-major; every number big-endian.

#include "nn/data/idx.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <optional>
#include <span>
#include <string_view>

#include "autodiff/errors.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/files/elements.hpp"

namespace dtheta::nn {
namespace {

using detail::ByteSource;
using detail::ElementFormat;
using Kind = ElementFormat::Kind;

struct Header {
  ElementFormat format;
  std::vector<std::uint64_t> dims;
};

constexpr std::uint64_t type_offset = 2;
constexpr std::uint64_t dims_offset = 4;

std::optional<ElementFormat> format_of(std::uint8_t type_code) {
  constexpr auto big = std::endian::big;
  switch (type_code) {
    case 0x08:
      return ElementFormat{Kind::unsigned_integer, 1, big};
    case 0x09:
      return ElementFormat{Kind::signed_integer, 1, big};
    case 0x0B:
      return ElementFormat{Kind::signed_integer, 2, big};
    case 0x0C:
      return ElementFormat{Kind::signed_integer, 4, big};
    case 0x0D:
      return ElementFormat{Kind::real, 4, big};
    case 0x0E:
      return ElementFormat{Kind::real, 8, big};
    default:
      return std::nullopt;
  }
}

Header read_header(ByteSource& source) {
  std::array<std::uint8_t, dims_offset> magic{};
  source.read_all(magic, "the IDX magic number");
  if (magic[0] != 0 || magic[1] != 0) {
    source.fail(0, fmt::format("an IDX file starts with two zero bytes, not {:02x} {:02x}",
                               magic[0], magic[1]));
  }
  const std::optional<ElementFormat> format = format_of(magic[2]);
  if (!format) {
    source.fail(type_offset, fmt::format("unknown IDX element type 0x{:02x}", magic[2]));
  }
  const int rank = magic[3];
  if (rank < 1 || rank > max_rank) {
    source.fail(type_offset + 1, fmt::format("{} axes, must be 1 to {}", rank, max_rank));
  }
  Header header{.format = *format, .dims = {}};
  for (int axis = 0; axis < rank; ++axis) {
    std::array<std::uint8_t, 4> bytes{};
    source.read_all(bytes, fmt::format("the dimension of axis {}", axis));
    std::uint64_t dim = 0;
    for (const std::uint8_t byte : bytes) dim = dim << 8 | byte;
    header.dims.push_back(dim);
  }
  return header;
}

detail::Promise promise_of(const ByteSource& source, const Header& header) {
  return {.source = source.name(),
          .offset = dims_offset,
          .dims = header.dims,
          .element_bytes = header.format.bytes};
}

void require_complete(std::string_view op, const IdxArray& array) {
  if (array.values.size() != static_cast<std::size_t>(array.shape.size())) {
    throw ShapeError(fmt::format("{}: {} needs {} values, there are {}", op, to_string(array.shape),
                                 array.shape.size(), array.values.size()));
  }
}

/// Each byte divided by 255, looked up: there are many more pixels than byte values.
template <Element T>
void scale_bytes(std::span<const std::uint8_t> bytes, std::span<T> to) {
  std::array<T, 256> scaled{};
  for (std::size_t i = 0; i < scaled.size(); ++i) scaled[i] = static_cast<T>(i) / T{255};
  std::ranges::transform(bytes, to.begin(), [&](std::uint8_t byte) { return scaled[byte]; });
}

}  // namespace

IdxArray read_idx(const std::string& file) {
  const auto source = detail::open_file(file);
  const Header header = read_header(*source);
  if (header.format.kind != Kind::unsigned_integer) {
    source->fail(type_offset, "the elements are not unsigned bytes (type 0x08)");
  }
  const detail::Promise promise = promise_of(*source, header);
  return {.shape = promised_shape(promise), .values = read_promised(*source, promise)};
}

Tensor read_idx_tensor(const std::string& file) {
  const auto source = detail::open_file(file);
  const Header header = read_header(*source);
  return read_elements(*source, promise_of(*source, header), header.format);
}

Tensor images_to_tensor(const IdxArray& images, DType dtype) {
  if (images.shape.rank() < 2) {
    throw ShapeError(fmt::format("images_to_tensor: {} has {} axes, images need at least 2",
                                 to_string(images.shape), images.shape.rank()));
  }
  require_complete("images_to_tensor", images);
  Index features = 1;
  for (const Index d : images.shape.dims().subspan(1)) features *= d;
  Tensor result({images.shape[0], features}, dtype);
  if (dtype == DType::float32) {
    scale_bytes(images.values, result.data<float>());
  } else if (dtype == DType::float64) {
    scale_bytes(images.values, result.data<double>());
  } else {
    throw TypeError("images_to_tensor: int64 cannot hold values between 0 and 1");
  }
  return result;
}

Tensor labels_to_tensor(const IdxArray& labels) {
  if (labels.shape.rank() != 1) {
    throw ShapeError(fmt::format("labels_to_tensor: {} has {} axes, labels have 1",
                                 to_string(labels.shape), labels.shape.rank()));
  }
  require_complete("labels_to_tensor", labels);
  Tensor result(labels.shape, DType::int64);
  std::ranges::copy(labels.values, result.data<Index>().begin());
  return result;
}

}  // namespace dtheta::nn
