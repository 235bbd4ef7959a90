#include <array>

#include "benchmarks/families/model.hpp"
#include "benchmarks/families/strange.hpp"

namespace families {

std::span<const Family> all_families() {
  static const std::array all = {
      Family{1, "oscillating sums", draw_oscillation, true},
      Family{2, "far from 0", draw_far_location, true},
      Family{3, "forgotten terms", draw_forgotten_term, true},
      Family{4, "coarse costs", draw_coarse_cost},
      Family{5, "mixed units", draw_mixed_units, true},
      Family{6, "corners", draw_corner},
      Family{7, "saturated", draw_saturated},
      Family{8, "edges and extreme sizes", draw_edge},
      Family{9, "no effect", draw_no_effect, true},
      Family{10, "other kinds", draw_unforeseen},
      Family{11, "strange smooth", draw_strange_smooth, true},
      Family{12, "strange corners", draw_strange_corner},
      Family{13, "strange coarse", draw_strange_coarse},
  };
  return all;
}

World draw(const Family& family, std::uint64_t seed) {
  // Neighbouring seeds of neighbouring families have nothing in common.
  constexpr std::uint64_t spread = 0x9e3779b97f4a7c15;
  Random random((seed + static_cast<std::uint64_t>(family.number) * 1000003U) * spread);
  World world = family.draw(random);
  drop_harmless(world);
  return world;
}

}  // namespace families
