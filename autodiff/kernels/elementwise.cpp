#include "autodiff/kernels/elementwise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "autodiff/errors.hpp"

namespace dtheta::detail {

Shape elementwise_shape(std::string_view op, Types in) {
  const Shape* widest = &in[0].shape;
  bool same = true;
  for (std::size_t i = 0; i < in.size(); ++i) {
    const Shape& shape = in[i].shape;
    if (in[i].kind != Kind::real) {
      throw TypeError(fmt::format("{}: operand {} {} holds indices, real values are needed", op, i,
                                  to_string(shape)));
    }
    if (shape.rank() == 0 || shape == *widest) continue;
    same = same && widest->rank() == 0;
    widest = &shape;
  }
  if (same) return *widest;  // as nearly always: nothing is copied on the way
  Shape result = in[0].shape;
  for (const ValueType& type : in) result = broadcast(op, result, type.shape);
  return result;
}

template <Scalar T>
void run_elementwise(const void* op, Tile<T> tile, const Call<T>& call) {
  assert(call.in.size() <= max_elementwise);
  // The bound is for the compiler: GCC 14 warns of writes behind the arrays that are never made.
  const std::size_t arity = std::min(call.in.size(), max_elementwise);
  const auto n = static_cast<std::size_t>(call.out_shape().size());
  std::array<const T*, max_elementwise> base{};
  bool aligned = true;
  for (std::size_t i = 0; i < arity; ++i) {
    base[i] = call.input(static_cast<int>(i));
    aligned &= call.in[i].type->shape.size() == call.out_shape().size();
  }
  if (aligned) return tile(op, base.data(), call.output(), n);

  std::array<BroadcastMap, max_elementwise> map;
  for (std::size_t i = 0; i < arity; ++i) {
    map[i] = BroadcastMap(call.in[i].type->shape, call.out_shape());
  }
  alignas(64) std::array<std::array<T, tile_size>, max_elementwise> loaded;
  std::array<const T*, max_elementwise> filled_with{};
  for (std::size_t start = 0; start < n; start += tile_size) {
    const std::size_t count = std::min(tile_size, n - start);
    std::array<const T*, max_elementwise> part{};
    for (std::size_t i = 0; i < arity; ++i) {
      if (map[i].is_identity()) {
        part[i] = base[i] + start;
        continue;
      }
      part[i] = loaded[i].data();
      map[i].load_next(base[i], static_cast<Index>(start), static_cast<Index>(count),
                       loaded[i].data(), filled_with[i]);
    }
    tile(op, part.data(), call.output() + start, count);
  }
}

template void run_elementwise(const void*, Tile<float>, const Call<float>&);
template void run_elementwise(const void*, Tile<double>, const Call<double>&);
template void run_elementwise(const void*, Tile<long double>, const Call<long double>&);
template void run_elementwise(const void*, Tile<Quad>, const Call<Quad>&);
template void run_elementwise(const void*, Tile<Complex>, const Call<Complex>&);

}  // namespace dtheta::detail
