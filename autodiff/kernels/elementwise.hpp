#pragma once

#include "autodiff/kernels/broadcast.hpp"
#include "autodiff/op.hpp"

namespace dtheta::detail {

/// Elements handled at a time: a few tiles of double fit into a first-level cache together.
inline constexpr std::size_t tile_size = 512;

/// The broadcast shape of all operands. Throws TypeError for an index operand.
[[nodiscard]] Shape elementwise_shape(std::string_view op, Types in);

/// Runs a contiguous tile function over operands that broadcast to the result's shape.
template <Scalar T>
void run_elementwise(const void* op, Tile<T> tile, const Call<T>& call);

extern template void run_elementwise(const void*, Tile<float>, const Call<float>&);
extern template void run_elementwise(const void*, Tile<double>, const Call<double>&);
extern template void run_elementwise(const void*, Tile<long double>, const Call<long double>&);
extern template void run_elementwise(const void*, Tile<Quad>, const Call<Quad>&);
extern template void run_elementwise(const void*, Tile<Complex>, const Call<Complex>&);

}  // namespace dtheta::detail
