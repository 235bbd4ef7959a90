#include <boost/test/unit_test.hpp>

#include <algorithm>

#include "autodiff/errors.hpp"
#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/workspace.hpp"
#include "check.hpp"
#include "programs.hpp"

namespace dtheta::properties {
namespace {

/// The ways to compile a plan.
std::vector<PlanOptions> ways() {
  std::vector<PlanOptions> result;
  for (bool reuse : {false, true}) {
    for (bool fuse : {false, true}) result.push_back({.reuse_memory = reuse, .fuse = fuse});
  }
  return result;
}

/// What a user might ask of a program: a cost, its gradient and some of the values on the way.
std::vector<Var> outputs_of(const Recorded& r, std::uint64_t seed) {
  const Var cost = cost_of(r, seed);
  std::vector<Var> outputs = grad(cost, r.leaves);
  outputs.push_back(cost);
  for (std::size_t i = seed % 3; i < r.values.size(); i += 3) outputs.push_back(r.values[i]);
  return outputs;
}

template <class T>
void expect_same(const Workspace<T>& ws, std::span<const Var> outputs,
                 std::span<const Tensor> expected) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    RC_ASSERT(same_bits(ws.tensor(outputs[i]), expected[i]));
  }
}

std::vector<Tensor> values_of(std::span<const Var> vars) {
  std::vector<Tensor> values;
  for (Var v : vars) values.push_back(v.value());
  return values;
}

template <class T>
void replay_is_recording() {
  const Program program = *programs();
  const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
  const auto scale = *rc::gen::element<Index>(1, 12);
  Tape tape(dtype_of<T>);
  const Recorded r = record(tape, program, initial_leaves(seed, scale));
  const std::vector<Var> outputs = outputs_of(r, seed);
  for (const PlanOptions& way : ways()) {
    Workspace<T> ws(Plan(outputs, way));
    for (int repeat = 0; repeat < 2; ++repeat) {
      ws.run();
      expect_same(ws, outputs, values_of(outputs));
    }
  }
}

bool is_leaf(const Recorded& r, Var v) {
  return std::ranges::any_of(r.leaves, [&](Var leaf) { return leaf.is(v); });
}

/// For some leaves a value of their shape that they take after each run: a step along the gradient
/// or anything else on the tape but a leaf (which plans refuse).
std::vector<std::pair<Var, Var>> updates_of(const Recorded& r, std::uint64_t seed) {
  const std::vector<Var> gradient = grad(cost_of(r, seed), r.leaves);
  std::vector<std::pair<Var, Var>> updates;
  for (std::size_t k = 0; k < r.leaves.size(); ++k) {
    const Var leaf = r.leaves[k];
    std::vector<Var> candidates{leaf - 0.01 * gradient[k]};
    for (Var v : r.values) {
      if (v.shape() == leaf.shape() && !is_leaf(r, v)) candidates.push_back(v);
    }
    const std::size_t pick = (seed >> k) % (candidates.size() + 1);
    if (pick < candidates.size()) updates.emplace_back(leaf, candidates[pick]);
  }
  return updates;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(replay_properties)

BOOST_AUTO_TEST_CASE(a_replay_has_the_bits_of_the_recording) {
  BOOST_TEST(
      holds("a replay has the bits of the recording, in double", replay_is_recording<double>));
  BOOST_TEST(holds("a replay has the bits of the recording, in float", replay_is_recording<float>));
}

BOOST_AUTO_TEST_CASE(a_replay_at_other_values_has_the_bits_of_a_recording_there) {
  BOOST_TEST(holds("a replay at other values has the bits of a recording there", [] {
    const Program program = *programs();
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    const auto scale = *rc::gen::element<Index>(1, 12);
    const std::vector<Tensor> moved = initial_leaves(seed + 77, scale);
    Tape tape, other;
    const Recorded r = record(tape, program, initial_leaves(seed, scale));
    const std::vector<Var> outputs = outputs_of(r, seed);
    const std::vector<Tensor> expected = values_of(outputs_of(record(other, program, moved), seed));
    for (const PlanOptions& way : ways()) {
      const Plan plan(outputs, way);
      Workspace<double> ws(plan);
      for (std::size_t k = 0; k < r.leaves.size(); ++k) {
        if (plan.has_leaf(r.leaves[k])) ws.set(r.leaves[k], moved[k]);
      }
      ws.run();
      expect_same(ws, outputs, expected);
    }
  }));
}

BOOST_AUTO_TEST_CASE(a_partial_replay_has_the_bits_of_a_full_one) {
  BOOST_TEST(holds("a partial replay has the bits of a full one", [] {
    const Program program = *programs();
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    const auto scale = *rc::gen::element<Index>(1, 12);
    Tape tape;
    const Recorded r = record(tape, program, initial_leaves(seed, scale));
    const std::vector<Var> outputs = outputs_of(r, seed);
    const std::vector<Tensor> moved = initial_leaves(seed + 77, scale);
    for (bool fuse : {false, true}) {
      const Plan plan(outputs, {.reuse_memory = false, .fuse = fuse});
      Workspace<double> part(plan), full(plan);
      part.run();
      for (std::size_t k = 0; k < r.leaves.size(); ++k) {
        if (!plan.has_leaf(r.leaves[k])) continue;
        for (Workspace<double>* ws : {&part, &full}) ws->set(r.leaves[k], moved[k]);
        part.rerun(r.leaves[k]);
        full.run();
        for (Var y : outputs) RC_ASSERT(same_bits(part.tensor(y), full.tensor(y)));
      }
    }
  }));
}

BOOST_AUTO_TEST_CASE(updates_are_those_of_recording_each_step_anew) {
  BOOST_TEST(holds("updates are those of recording each step anew", [] {
    const Program program = *programs();
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    const auto scale = *rc::gen::element<Index>(1, 12);
    Tape tape;
    const Recorded r = record(tape, program, initial_leaves(seed, scale));
    const Var cost = cost_of(r, seed);
    const auto updates = updates_of(r, seed);
    RC_PRE(!updates.empty());
    for (PlanOptions way : ways()) {
      way.updates = updates;
      Workspace<double> ws(Plan({cost}, way));
      std::vector<Tensor> leaves = initial_leaves(seed, scale);
      for (int step = 0; step < 3; ++step) {
        Tape anew;
        const Recorded now = record(anew, program, leaves);
        const Var expected = cost_of(now, seed);
        const auto next = updates_of(now, seed);
        ws.run();
        RC_ASSERT(same_bits(ws.tensor(cost), expected.value()));
        for (std::size_t k = 0; k < next.size(); ++k) {
          const Tensor value = next[k].second.value();
          RC_ASSERT(same_bits(ws.tensor(updates[k].first), value));
          for (std::size_t i = 0; i < leaves.size(); ++i) {
            if (now.leaves[i].is(next[k].first)) leaves[i] = value;
          }
        }
      }
    }
  }));
}

BOOST_AUTO_TEST_CASE(a_failed_guard_leaves_the_leaves_as_they_were) {
  BOOST_TEST(holds("a failed guard leaves the leaves as they were", [] {
    const Program program = *programs();
    const auto seed = *rc::gen::inRange<std::uint64_t>(0, 1 << 20);
    Tape tape;
    const Recorded r = record(tape, program, initial_leaves(seed));
    const Var switched = r.leaves.back();
    const double sign = switched > 0 ? 1 : -1;
    const Var cost = cost_of(r, seed) * sign;
    const auto updates = updates_of(r, seed);
    for (PlanOptions way : ways()) {
      way.updates = updates;
      Workspace<double> ws(Plan({cost}, way));
      ws.set(switched, Tensor(-sign));
      std::vector<Tensor> before;
      for (const auto& [leaf, value] : updates) before.push_back(ws.tensor(leaf));
      RC_ASSERT_THROWS_AS(ws.run(), GuardError);
      for (std::size_t k = 0; k < updates.size(); ++k) {
        RC_ASSERT(same_bits(ws.tensor(updates[k].first), before[k]));
      }
    }
  }));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::properties
