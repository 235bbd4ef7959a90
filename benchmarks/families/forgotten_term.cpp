// Gradients in which a term was forgotten, over models of many kinds.
#include "benchmarks/families/model.hpp"

namespace families {

World draw_forgotten_term(Random& random) {
  static const std::vector<DrawModel> kinds = [] {
    std::vector<DrawModel> all;
    for (const auto some : {likelihoods(), time_series(), networks(), equations()}) {
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }();
  // A third are sums of terms of very different shape.
  const auto sums = term_sums();
  const Model m = random.chance(1.0 / 3.0) ? sums[random.below(sums.size())](random)
                                           : random.among(kinds)(random);
  World world = world_of(m);
  plant_at_marks(world, m, random, 4);
  plant_spoiled(world, random, 1);
  return world;
}

}  // namespace families
