#pragma once

#include <rapidcheck.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "autodiff/tape.hpp"

/// What the properties draw from. Everything printed for a counterexample is an ordinary value, and
/// shrinks.
namespace dtheta::properties {

/// `min_rank` to `max_rank` axes of `least` to 4 elements.
inline rc::Gen<std::vector<Index>> dims(std::size_t min_rank, std::size_t max_rank,
                                        Index least = 1) {
  return rc::gen::mapcat(
      rc::gen::inRange<std::size_t>(min_rank, max_rank + 1), [least](std::size_t rank) {
        return rc::gen::container<std::vector<Index>>(rank, rc::gen::inRange<Index>(least, 5));
      });
}
inline Shape shape(const std::vector<Index>& dims) { return Shape(std::span<const Index>(dims)); }

/// Values in [-1, 1), a function of the seed.
inline Tensor values(const Shape& shape, std::uint64_t seed) {
  return materialize(real(shape, {-1, 1}), seed);
}

/// Whole numbers from -8 to 8: sums and products of a few hundred of them are exact in any order.
inline Tensor whole_values(const Shape& shape, std::uint64_t seed) {
  Tensor t = materialize(real(shape, {-8.5, 8.5}), seed);
  for (double& v : t.data<double>())
    v = std::round(v) + 0.0;  // no -0: it ties with 0 and has other bits
  return t;
}

/// An order of `count` things.
inline rc::Gen<std::vector<int>> permutation(int count) {
  return rc::gen::map(rc::gen::container<std::vector<unsigned>>(static_cast<std::size_t>(count),
                                                                rc::gen::arbitrary<unsigned>()),
                      [](const std::vector<unsigned>& keys) {
                        std::vector<int> order(keys.size());
                        for (std::size_t i = 0; i < order.size(); ++i)
                          order[i] = static_cast<int>(i);
                        std::stable_sort(order.begin(), order.end(), [&](int a, int b) {
                          return keys[static_cast<std::size_t>(a)] <
                                 keys[static_cast<std::size_t>(b)];
                        });
                        return order;
                      });
}

/// Indices into `size` elements, some of them counted from the back.
inline rc::Gen<std::vector<Index>> places(std::size_t count, Index size) {
  return rc::gen::container<std::vector<Index>>(count, rc::gen::inRange<Index>(-size, size));
}

}  // namespace dtheta::properties
