#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// Elements picked by their place in a plane, and put back there; see pooling.hpp.

/// The elements at `indices` in each plane of x, the last `axes` axes: the shape is that of
/// indices, whose other axes must be those of x. Throws ValueError for an index outside the plane.
Var take_in_planes(Arg x, Arg indices, int axes);
/// Its adjoint: planes of the given spatial dimensions, zero but for the elements of x, which are
/// added up at `indices`. This is max-unpooling.
Var add_in_planes(Arg x, Arg indices, const Shape& plane);

}  // namespace dtheta
