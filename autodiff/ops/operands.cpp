#include "autodiff/ops/operands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/axes.hpp"
#include "autodiff/errors.hpp"
#include "autodiff/ops/broadcast.hpp"
#include "autodiff/tape.hpp"

namespace dtheta::detail {

void require_real(std::string_view op, const ValueType& in) {
  if (in.kind != Kind::real) {
    throw TypeError(fmt::format("{}: operand {} holds indices, real values are needed", op,
                                to_string(in.shape)));
  }
}

void require_real(std::string_view op, Types in) {
  for (const ValueType& t : in) require_real(op, t);
}

void require_indices(std::string_view op, const ValueType& in) {
  if (in.kind != Kind::index) {
    throw TypeError(
        fmt::format("{}: indices {} hold real values, int64 is needed", op, to_string(in.shape)));
  }
}

Shape replaced(const Shape& shape, int first, int count, std::span<const Index> by) {
  std::vector<Index> dims(shape.begin(), shape.begin() + first);
  dims.insert(dims.end(), by.begin(), by.end());
  dims.insert(dims.end(), shape.begin() + first + count, shape.end());
  return Shape(dims);
}

Shape replaced(const Shape& shape, int axis, Index by) {
  return replaced(shape, axis, 1, std::span(&by, 1));
}

Shape batch_of(const Shape& shape) {
  return Shape(shape.dims().first(static_cast<std::size_t>(shape.rank() - 2)));
}

Shape with_matrix(const Shape& batch, Index rows, Index columns) {
  const std::array matrix{rows, columns};
  return replaced(batch, batch.rank(), 0, matrix);
}

Axes to_the_end(int rank, int a, int b) {
  std::array<int, max_rank> order{};
  std::size_t count = 0;
  for (int i = 0; i < rank; ++i) {
    if (i != a && i != b) order[count++] = i;
  }
  order[count++] = a;
  order[count++] = b;
  return Axes(std::span<const int>(order.data(), count));
}

Axes from_the_end(int rank, int a, int b) {
  const Axes order = to_the_end(rank, a, b);
  std::array<int, max_rank> inverse{};
  for (int i = 0; i < rank; ++i) inverse[static_cast<std::size_t>(order[i])] = i;
  return Axes(std::span<const int>(inverse.data(), static_cast<std::size_t>(rank)));
}

Var zeros(Tape& tape, const Shape& shape) { return broadcast_to(tape.constant(0.0), shape); }

}  // namespace dtheta::detail
