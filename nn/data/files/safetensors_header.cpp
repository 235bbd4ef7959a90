#include "nn/data/files/safetensors_header.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "nn/data/data_error.hpp"
#include "nn/data/files/safetensors_json.hpp"
#include "nn/names.hpp"

namespace dtheta::nn::detail {
namespace {

using Kind = ElementFormat::Kind;

constexpr ElementFormat stored(Kind kind, std::size_t bytes) {
  return {.kind = kind, .bytes = bytes, .order = std::endian::little};
}

constexpr std::array<Named<ElementFormat>, 13> formats{{
    {"F64", stored(Kind::real, 8)},
    {"F32", stored(Kind::real, 4)},
    {"F16", stored(Kind::real, 2)},
    {"BF16", stored(Kind::brain, 2)},
    {"I64", stored(Kind::signed_integer, 8)},
    {"I32", stored(Kind::signed_integer, 4)},
    {"I16", stored(Kind::signed_integer, 2)},
    {"I8", stored(Kind::signed_integer, 1)},
    {"U64", stored(Kind::unsigned_integer, 8)},
    {"U32", stored(Kind::unsigned_integer, 4)},
    {"U16", stored(Kind::unsigned_integer, 2)},
    {"U8", stored(Kind::unsigned_integer, 1)},
    {"BOOL", stored(Kind::boolean, 1)},
}};

/// One tensor's description by itself.
SafetensorsFile::Entry checked(const std::string& file, const SafetensorsDescription& tensor,
                               std::uint64_t data_start) {
  const auto fail = [&](const std::string& rule) {
    throw DataError(file, tensor.offset, fmt::format("tensor {:?} {}", tensor.name, rule));
  };
  if (!tensor.dtype) fail("has no dtype");
  if (!tensor.shape) fail("has no shape");
  if (!tensor.data_offsets) fail("has no data_offsets");
  const std::vector<std::uint64_t>& offsets = *tensor.data_offsets;
  if (offsets.size() != 2 || offsets[0] > offsets[1]) {
    fail("has data_offsets that are not two numbers, the first not above the second");
  }
  const std::optional<ElementFormat> format = safetensors_format(*tensor.dtype);
  const Promise promise{.source = file,
                        .offset = tensor.offset,
                        .dims = *tensor.shape,
                        .element_bytes = format ? format->bytes : 1};
  const Shape shape = promised_shape(promise);
  const auto size = static_cast<std::uint64_t>(shape.size());
  const std::uint64_t bytes = offsets[1] - offsets[0];
  if (format && size * format->bytes != bytes) {
    fail(fmt::format("of {} {} needs {} bytes, its data_offsets give {}", *tensor.dtype,
                     to_string(shape), size * format->bytes, bytes));
  }
  return {.name = tensor.name,
          .dtype = *tensor.dtype,
          .shape = shape,
          .begin = data_start + offsets[0],
          .end = data_start + offsets[1]};
}

}  // namespace

std::optional<ElementFormat> safetensors_format(std::string_view dtype) {
  const auto at = std::ranges::find(formats, dtype, &Named<ElementFormat>::name);
  return at == formats.end() ? std::nullopt : std::optional(at->value);
}

std::string safetensors_dtypes() {
  std::string text;
  for (const auto& format : formats) {
    text += text.empty() ? "" : ", ";
    text += format.name;
  }
  return text;
}

SafetensorsHeader read_safetensors_header(const std::string& file, std::string_view text,
                                          std::uint64_t data_bytes) {
  SafetensorsJson json = read_safetensors_json(file, text);
  for (const SafetensorsDescription& t : json.tensors) {
    // Before the sum below, which must not overflow.
    if (!t.data_offsets || t.data_offsets->size() != 2 || t.data_offsets->at(1) <= data_bytes) {
      continue;
    }
    throw DataError(file, t.offset,
                    fmt::format("tensor {:?} ends at byte {} of the data, of which the file has {}",
                                t.name, t.data_offsets->at(1), data_bytes));
  }
  const std::uint64_t start = safetensors_length_bytes + text.size();
  std::vector<std::pair<SafetensorsFile::Entry, std::uint64_t>> all;
  for (const SafetensorsDescription& t : json.tensors)
    all.emplace_back(checked(file, t, start), t.offset);
  std::ranges::stable_sort(all, {}, [](const auto& e) {
    return std::pair{e.first.begin, e.first.end};
  });

  SafetensorsHeader header{.metadata = std::move(json.metadata)};
  std::uint64_t reached = start;
  for (auto& [entry, offset] : all) {
    if (entry.begin != reached) {
      throw DataError(file, offset,
                      fmt::format("tensor {:?} begins at byte {} of the data, must follow the one "
                                  "before it at {}: neither gaps nor overlaps are allowed",
                                  entry.name, entry.begin - start, reached - start));
    }
    reached = entry.end;
    header.entries.push_back(std::move(entry));
  }
  if (reached - start != data_bytes) {
    throw DataError(file, reached,
                    fmt::format("the tensors end here, the file {} bytes later",
                                data_bytes - (reached - start)));
  }
  return header;
}

}  // namespace dtheta::nn::detail
