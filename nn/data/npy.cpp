#include "nn/data/npy.hpp"

#include "nn/data/files/npy_header.hpp"
#include "nn/data/files/replacement_file.hpp"
#include "nn/data/npy_array.hpp"

namespace dtheta::nn {

Tensor read_npy(const std::string& file) {
  return detail::read_npy_array(*detail::open_file(file)).value;
}

void write_npy(const std::string& file, const Tensor& value) {
  const std::string header = detail::npy_header(value);
  detail::ReplacementFile output(file);
  output.append({reinterpret_cast<const std::uint8_t*>(header.data()), header.size()});
  output.append(detail::npy_elements(value));
  output.commit();
}

}  // namespace dtheta::nn
