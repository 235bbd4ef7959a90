#pragma once

#include <cstdint>
#include <string>

#include "tests/gradcheck/models.hpp"

namespace gradcheck_test {

/// A model drawn at random, for counting false alarms.
struct RandomModel {
  Model model;
  std::string decade;  ///< of the scale of its weights: "1e-6" ... "1e+6"
  bool near_corner = false;
};

/// Kind, sizes, scales of weights and data (1e-6 ... 1e6), regularisers and nearness to a corner,
/// all from the seed.
RandomModel random_model(std::uint64_t seed);

}  // namespace gradcheck_test
