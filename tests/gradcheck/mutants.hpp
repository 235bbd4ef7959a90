#pragma once

#include <string>
#include <vector>

#include "gradcheck/check.hpp"
#include "tests/gradcheck/models.hpp"

namespace gradcheck_test {

/// A right gradient with one planted bug.
struct Mutant {
  std::string bug;
  double size = 0.0;                                 ///< relative size, 0 where the bug has none
  std::vector<dtheta::gradcheck::Pattern> expected;  ///< any of these names it rightly
  std::vector<double> gradient;
  dtheta::gradcheck::Hints hints;
};

/// Every planted bug that makes sense for the model, in the sizes asked for.
std::vector<Mutant> mutants_of(const Model& model, const std::vector<double>& sizes,
                               bool single_precision);

/// The models of the suite, the same each time.
std::vector<Model> mutant_models(unsigned seed);

/// What became of a mutant.
struct Outcome {
  bool caught = false;        ///< the check failed
  bool open = false;          ///< the check was inconclusive
  bool above_floor = false;   ///< some block is wrong by more than the check said it would see
  bool silent = false;        ///< the check passed although above_floor
  bool blocks_right = false;  ///< failing blocks are wrong ones, and include all above their floor
  bool named = false;         ///< the first cause is an expected one
  dtheta::gradcheck::Pattern pattern{};
};
Outcome try_mutant(const Model& model, const Mutant& mutant, bool single_precision);

/// The options that a gradient in this precision calls for.
dtheta::gradcheck::Options options_for(bool single_precision);

}  // namespace gradcheck_test
