#include "gradcheck/cli/npz_blocks.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace dtheta::gradcheck::cli {

Tensor in_double(const nn::NpzFile& file, const std::string& array) {
  return file.at(array).to(DType::float64);
}

nn::NpzFile blocks_in(const std::string& file, const ParameterVector& layout,
                      std::initializer_list<const char*> prefixes) {
  return nn::NpzFile(file, [&](std::string_view array) {
    return std::ranges::any_of(layout.blocks(), [&](const Block& block) {
      return std::ranges::any_of(prefixes,
                                 [&](const char* prefix) { return prefix + block.name == array; });
    });
  });
}

ParameterVector blocks_from(const nn::NpzFile& file, const ParameterVector& layout,
                            std::initializer_list<const char*> prefixes) {
  ParameterVector blocks;
  for (const Block& block : layout.blocks()) {
    std::string name = block.name;
    for (const char* prefix : prefixes) {
      if (!file.contains(prefix + block.name)) continue;
      name = prefix + block.name;
      break;
    }
    const Tensor value = in_double(file, name);
    const Shape& shape = value.shape();
    if (!std::ranges::equal(shape, block.shape,
                            [](auto a, auto b) { return std::cmp_equal(a, b); })) {
      throw std::invalid_argument(fmt::format("{}: {} has shape ({}), but block {} has ({})",
                                              file.name(), name, fmt::join(shape, ", "), block.name,
                                              fmt::join(block.shape, ", ")));
    }
    blocks.add(block.name, block.layer, block.shape, value.data<double>());
  }
  return blocks;
}

}  // namespace dtheta::gradcheck::cli
