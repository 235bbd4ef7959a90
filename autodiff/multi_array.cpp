#include "autodiff/multi_array.hpp"

#include <fmt/format.h>

namespace dtheta::detail {

void throw_view_rank(const Shape& shape, std::size_t wanted) {
  throw ShapeError(fmt::format("tensor {}: a view with {} axes was asked for, it has {}",
                               to_string(shape), wanted, shape.rank()));
}

}  // namespace dtheta::detail
