// What recording and compiling cost: no allocation once a tape is warm, memory in proportion to its
// length, plans in a few blocks.
#include <atomic>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstdlib>
#include <new>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace {
std::atomic<long> allocations{0};
std::atomic<long> until_failure{-1};  // so many succeed, then one fails; below 0: none does

void* allocate(std::size_t bytes, std::size_t alignment) {
  ++allocations;
  if (until_failure >= 0 && until_failure-- == 0) throw std::bad_alloc();
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  void* p = std::aligned_alloc(alignment, rounded > 0 ? rounded : alignment);
  if (p == nullptr) throw std::bad_alloc();
  return p;
}
}  // namespace

// This program's own, so that allocations can be counted. All other forms end in these, but for those of
// arrays and those that do not throw under AddressSanitizer. Sanitised code has some of them inlined and others not, and the
// compiler takes that for a mismatch.
#if defined(__SANITIZE_ADDRESS__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif
void* operator new(std::size_t bytes) { return allocate(bytes, alignof(std::max_align_t)); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate(bytes, static_cast<std::size_t>(alignment));
}
void* operator new[](std::size_t bytes) { return operator new(bytes); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return operator new(bytes, alignment);
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return operator new(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void* operator new[](std::size_t bytes, const std::nothrow_t& none) noexcept {
  return operator new(bytes, none);
}
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, std::size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, std::size_t, std::align_val_t) noexcept { std::free(p); }

namespace dtheta {
namespace {

/// A small network, forward and back.
struct Net {
  Tensor x{Shape{4, 5}}, w1{Shape{6, 5}}, b1{Shape{6}}, w2{Shape{3, 6}}, b2{Shape{3}};

  Var record(Tape& tape) const {
    const Var h = tanh(affine(tape.leaf(x), tape.leaf(w1), tape.leaf(b1)));
    const Var y = affine(h, tape.leaf(w2), tape.leaf(b2));
    return sum(square(y)) * 0.5 + sum(square(h)) * 0.25;
  }
};

/// Constants from `first` on, more than a table of them holds without growing, and a derivative.
void record_more(Tape& tape, Var cost, int first) {
  for (int i = first; i < first + 100; ++i) tape.constant(static_cast<double>(i));
  static_cast<void>(grad(cost * cost, cost));
  tape.leaf(Tensor(Shape{100, 100}), "a name that does not fit into a string without memory");
  tape.step();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tape_memory)

// Whichever allocation fails: what was recorded in the scratch is forgotten, and what was there
// before is as it was.
BOOST_AUTO_TEST_CASE(an_allocation_that_fails_in_a_scratch_leaves_the_tape_as_it_was) {
  const Net net;
  bool failed = true;
  long n = 0;
  for (; failed; ++n) {
    Tape tape;
    const Var cost = net.record(tape), seven = tape.constant(7.0);
    const std::uint32_t size = tape.size();
    failed = false;
    until_failure = n;
    try {
      const Tape::Scratch scratch(tape);
      record_more(tape, cost, 5);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    until_failure = -1;
    BOOST_REQUIRE(tape.size() == size);
    BOOST_REQUIRE(tape.constant(7.0).is(seven));
    BOOST_REQUIRE(!tape.step_if_used().exists());
    record_more(tape, cost, 100);
    for (int i = 0; i < 300; ++i) {
      const Var c = tape.constant(static_cast<double>(i));
      BOOST_REQUIRE(c.item() == i);
      BOOST_REQUIRE(tape.constant(static_cast<double>(i)).is(c));
    }
  }
  BOOST_TEST(n > 5);  // the loop did not end before anything failed
}

BOOST_AUTO_TEST_CASE(allocations_are_counted) {
  const long before = allocations;
  const Tensor t(Shape{3});
  BOOST_TEST(allocations == before + 1);
}

BOOST_AUTO_TEST_CASE(recording_on_a_tape_that_was_cleared_allocates_nothing) {
  const Net net;
  Tape tape;
  for (int warm = 0; warm < 2; ++warm) {
    static_cast<void>(net.record(tape));
    tape.clear();
  }
  const std::size_t memory = tape.memory();
  const long before = allocations;
  for (int i = 0; i < 10; ++i) {
    static_cast<void>(net.record(tape));
    tape.clear();
  }
  BOOST_TEST(allocations == before);
  BOOST_TEST(tape.memory() == memory);
}

BOOST_AUTO_TEST_CASE(a_cleared_tape_starts_anew) {
  const Net net;
  Tape tape;
  const Var cost = net.record(tape);
  const std::uint32_t size = tape.size();
  const double value = cost.item();
  tape.clear();
  BOOST_TEST(tape.size() == 0u);
  BOOST_TEST(tape.guards().empty());
  BOOST_TEST(net.record(tape).item() == value);
  BOOST_TEST(tape.size() == size);
}

BOOST_AUTO_TEST_CASE(a_run_of_a_plan_allocates_nothing) {
  const Net net;
  Tape tape;
  const Var cost = net.record(tape);
  const Var g = grad(cost, Var(tape, 1));
  for (const bool reuse : {true, false}) {
    Workspace<double> ws(Plan({cost, g}, {.reuse_memory = reuse}));
    ws.run();
    const long before = allocations;
    for (int i = 0; i < 10; ++i) ws.run();
    if (!reuse) ws.rerun(Var(tape, 1));
    BOOST_TEST(allocations == before);
  }
}

/// x -> x c + d, again and again: 2 n ops, each depending on the one before.
Var chain(Var x, int n) {
  Var y = x;
  for (int i = 0; i < n; ++i) y = y * (1 + 0x1p-20) + 0x1p-20;
  return y;
}

BOOST_AUTO_TEST_CASE(a_chain_of_a_million_ops_is_recorded_differentiated_and_replayed) {
  constexpr int n = 500'000;
  Tape tape;
  const Var x = tape.leaf(Tensor(1.0));
  const Var y = chain(x, n);
  BOOST_TEST(tape.size() == 2 * n + 3u);
  // A vector and an arena hold at most twice and four times what is in them.
  const std::size_t per_op = 2 * sizeof(Node) + 2 * 2 * sizeof(std::uint32_t) + 4 * 16;
  BOOST_TEST(tape.memory() <= 2 * n * per_op + (std::size_t{1} << 17));
  const Var g = grad(y, x);
  // (1 + 2^-20)^n by n products, each rounding by 2^-53 at most.
  const double expected = std::exp(n * std::log1p(0x1p-20));
  BOOST_TEST(std::abs(g.item() - expected) <= (n + 8) * 0x1p-53 * expected);
  BOOST_TEST(tape.memory() <= 6 * n * per_op + (std::size_t{1} << 17));
  Workspace<double> ws(Plan({y, g}));
  ws.run();
  BOOST_TEST(ws[y][0] == y.item());
  BOOST_TEST(ws[g][0] == g.item());
}

BOOST_AUTO_TEST_CASE(memory_grows_with_the_length_and_no_faster) {
  const auto memory_of = [](int n) {
    Tape tape;
    static_cast<void>(chain(tape.leaf(Tensor(1.0)), n));
    return static_cast<double>(tape.memory());
  };
  // Eight times the ops; doubling of vectors and chunks adds a factor of two at most either way.
  BOOST_TEST(memory_of(80'000) <= 16 * memory_of(10'000));
}

BOOST_AUTO_TEST_CASE(a_plan_is_flat) {
  // Blocks of memory taken for a plan and a workspace: a list that grows by doubling takes some
  // more for a longer tape, but nothing takes one for each op.
  const auto blocks_of = [](int n) {
    Tape tape;
    const Var x = tape.leaf(Tensor(Shape{1, 4}));
    const Var w = tape.constant(Tensor(Shape{4, 4})), b = tape.constant(Tensor(Shape{4}));
    Var y = x;
    for (int i = 0; i < n; ++i) y = tanh(affine(y, w, b)) * 0.5;
    const Var g = grad(sum(y), x);
    const long before = allocations;
    const Workspace<double> ws(Plan({y, g}));
    return allocations - before;
  };
  const long few = blocks_of(100);
  BOOST_TEST(few < 100);
  BOOST_TEST(blocks_of(10'000) <= few + 20);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
