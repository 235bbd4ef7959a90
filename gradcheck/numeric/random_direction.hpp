#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gradcheck/parameter_vector.hpp"

namespace dtheta::gradcheck {

/// A Gaussian direction d in θ in which each block moves in proportion to the size of its entries,
/// so that each counts. Made for long vectors: d is never written down, and another one costs next
/// to nothing. Entries are float or double; whatever is given for "entries from `first` on" may be
/// a part of θ.
class RandomDirection {
 public:
  /// `layout`: the blocks of θ; its values do not matter.
  RandomDirection(const ParameterVector& layout, std::uint64_t seed);

  /// Estimates the size of θ's entries from `first` on, which must be a block.
  template <class T>
  void measure(std::size_t first, std::span<const T> theta);
  /// Turns to direction `number`, a function of the seed, the number and the measured sizes.
  void turn(std::uint64_t number);

  /// moved = θ + t d for the entries from `first` on.
  template <class T>
  void move(std::size_t first, std::span<const T> theta, double t, std::span<T> moved) const;

  /// Part of g·d.
  struct Slope {
    double value = 0.0;   ///< Σ g_i d_i
    double spread = 0.0;  ///< ‖(g_i d_i)‖₂

    Slope& operator+=(const Slope& other);
  };
  /// Products are summed in T, 32 at a time, and these sums in double. Where their squares overflow
  /// or vanish, the spread is computed again in double, by parts of the largest.
  template <class T>
  Slope along(std::size_t first, std::span<const T> gradient) const;

 private:
  template <class F>
  void over(std::size_t first, std::size_t count, F visit) const;

  // d is made of pieces of one list of Gaussians, which is turned for each direction, each times
  // the size of a block.
  struct Piece {
    std::size_t first;  // in θ
    std::size_t last;
    std::size_t from;  // in the list
    double size;
  };
  std::vector<Block> blocks_;
  std::vector<double> mean_squares_;  // of each block
  std::uint64_t seed_;
  std::vector<float> gaussian_;
  std::vector<Piece> pieces_;
};

}  // namespace dtheta::gradcheck
