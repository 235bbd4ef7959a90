// write_safetensors: the other half of safetensors.hpp.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <nlohmann/json.hpp>
#include <unordered_set>
#include <vector>

#include "autodiff/errors.hpp"
#include "nn/data/files/replacement_file.hpp"
#include "nn/data/files/safetensors_header.hpp"
#include "nn/data/npy_array.hpp"

namespace dtheta::nn {
namespace {

using nlohmann::ordered_json;

std::string_view dtype_in_file(DType dtype) {
  switch (dtype) {
    case DType::float32:
      return "F32";
    case DType::float64:
      return "F64";
    case DType::int64:
      break;
  }
  return "I64";
}

std::size_t bytes_of(const Tensor& value) {
  return static_cast<std::size_t>(value.size()) * size_of(value.dtype());
}

void require_names(const std::string& file, std::span<const NamedTensor> tensors) {
  std::unordered_set<std::string_view> seen;
  for (const NamedTensor& t : tensors) {
    if (t.name == detail::safetensors_metadata) {
      throw ValueError(fmt::format(
          "write_safetensors {}: the format keeps the name '{}' for itself", file, t.name));
    }
    if (!seen.insert(t.name).second) {
      throw ValueError(
          fmt::format("write_safetensors {}: two tensors have the name '{}'", file, t.name));
    }
  }
}

/// The wider numbers first, so that all stand at multiples of their size.
std::vector<const NamedTensor*> in_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& t : tensors) order.push_back(&t);
  std::ranges::stable_sort(order, std::greater{},
                           [](const NamedTensor* t) { return size_of(t->value.dtype()); });
  return order;
}

std::string header_of(const std::string& file, std::span<const NamedTensor* const> tensors,
                      const Metadata& metadata) {
  ordered_json header = ordered_json::object();
  if (!metadata.empty()) header[std::string(detail::safetensors_metadata)] = metadata;
  std::size_t at = 0;
  for (const NamedTensor* t : tensors) {
    const std::size_t end = at + bytes_of(t->value);
    const auto dims = t->value.shape().dims();
    header[t->name] = {{"dtype", dtype_in_file(t->value.dtype())},
                       {"shape", std::vector<Index>(dims.begin(), dims.end())},
                       {"data_offsets", {at, end}}};
    at = end;
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const ordered_json::type_error& e) {
    throw ValueError(
        fmt::format("write_safetensors {}: a name or a text is not UTF-8: {}", file, e.what()));
  }
  while (text.size() % 8 != 0) text += ' ';  // so that the numbers stand at multiples of 8
  if (text.size() > detail::safetensors_max_header) {
    throw ValueError(
        fmt::format("write_safetensors {}: the header has {} bytes, the format allows {}", file,
                    text.size(), detail::safetensors_max_header));
  }
  return text;
}

void append_elements(detail::ReplacementFile& output, const Tensor& value) {
  const std::span<const std::uint8_t> bytes = detail::npy_elements(value);
  if constexpr (std::endian::native == std::endian::little) {
    output.append(bytes);
  } else {
    const auto width = static_cast<std::ptrdiff_t>(size_of(value.dtype()));
    std::vector<std::uint8_t> swapped(bytes.begin(), bytes.end());
    for (auto at = swapped.begin(); at != swapped.end(); at += width) std::reverse(at, at + width);
    output.append(swapped);
  }
}

}  // namespace

void write_safetensors(const std::string& file, std::span<const NamedTensor> tensors,
                       const Metadata& metadata) {
  require_names(file, tensors);
  const std::vector<const NamedTensor*> order = in_order(tensors);
  const std::string text = header_of(file, order, metadata);
  std::array<std::uint8_t, detail::safetensors_length_bytes> length{};
  for (std::size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<std::uint8_t>(text.size() >> 8 * i);
  }
  detail::ReplacementFile output(file);
  output.append(length);
  output.append({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
  for (const NamedTensor* t : order) append_elements(output, t->value);
  output.commit();
}

}  // namespace dtheta::nn
