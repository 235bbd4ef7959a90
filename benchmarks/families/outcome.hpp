#pragma once

#include <functional>
#include <map>
#include <string>

#include "benchmarks/families/family.hpp"

namespace families {

/// What came of holding one gradient against its cost.
enum class Outcome {
  as_it_should_be,  ///< right and passed, or wrong and failed
  accused,          ///< right and failed: a false alarm
  open_needlessly,  ///< right, and a difference could have shown it to the tolerance
  open,             ///< right or wrong, and no difference could have told
  passed,           ///< wrong, by more than the best difference can err
  passed_small,     ///< the same, but within the tolerance of the block's largest derivative
  passed_unseen,    ///< wrong beyond the tolerance, but by less than any difference could see
  excused,          ///< wrong and left open, although a difference could see it
  thrown            ///< the check ended in an exception
};

std::string_view to_string(Outcome outcome);

/// Held against its cost by values or by function.
struct Held {
  Outcome outcome = Outcome::as_it_should_be;
  gc::Result result;
  std::string thrown;  ///< what the exception said
};

/// Checks `candidate` and judges the verdict by what is known of the world.
Held hold(const World& world, const Candidate& candidate, bool is_right, bool by_function);

/// Counts of one kind of gradient.
struct Tally {
  std::map<Outcome, std::size_t> outcomes;
  std::size_t checks = 0, evaluations = 0, entries = 0;
  void add(const Held& held, std::size_t size);
  std::size_t operator[](Outcome o) const {
    const auto found = outcomes.find(o);
    return found == outcomes.end() ? 0 : found->second;
  }
};

/// What one check was of.
struct Case {
  std::uint64_t seed = 0;
  const World* world = nullptr;
  const Candidate* candidate = nullptr;
  bool is_right = false, by_function = false;
};

/// Draws worlds from `seed` on until `checks` gradients were held against them, and tells each one.
void run(const Family& family, std::uint64_t seed, std::size_t checks,
         const std::function<void(const Case&, const Held&)>& tell);

}  // namespace families
