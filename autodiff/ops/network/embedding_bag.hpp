#pragma once

#include "autodiff/var.hpp"

namespace dtheta {

/// What becomes of the rows of a bag.
enum class Bag { sum, mean, max };

/// The rows of a table (count, width) at indices, reduced bag by bag: PyTorch's embedding_bag. With
/// indices (bags, length) each row of them is a bag. A bag of nothing is 0. Throws ShapeError for
/// operands that do not fit, ValueError for an index out of range.
Var embedding_bag(Arg table, Arg indices, Bag how = Bag::mean);
/// The same for a vector of indices, in which bag i starts at offsets[i], the first at 0, and ends
/// where the next one starts. Offsets are an index vector that does not decrease (ValueError).
Var embedding_bag(Arg table, Arg indices, Arg offsets, Bag how = Bag::mean);

/// Sums of rows multiplied by a weight each, which has the shape of the indices.
Var weighted_embedding_bag(Arg table, Arg indices, Arg weights);
Var weighted_embedding_bag(Arg table, Arg indices, Arg offsets, Arg weights);

}  // namespace dtheta
