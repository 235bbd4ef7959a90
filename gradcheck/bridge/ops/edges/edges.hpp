#pragma once

#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {

/// The samples of an op that draws of every kind of Edge are made from: two small ones for each
/// setting of its attributes. Others show the same.
[[nodiscard]] std::vector<bool> edge_samples(const OpRecord& op,
                                             std::span<const SampleCase> samples);

/// Tests an op on draws around its sample `number`: of every kind if `drawn`, else on empty axes
/// alone.
void test_edges(const OpRecord& op, const SampleCase& sample, std::size_t number, bool drawn,
                OpReport& report);

}  // namespace dtheta::gradcheck
