// What recording, derivatives, compiling and replay cost for each record of a tape, and a full
// check for each parameter, as the tape and the parameters grow: all of it should stay about the
// same.
//
//   growth [LARGEST]    up to 10^LARGEST records and parameters; 6 unless said

#include <fmt/format.h>
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"
#include "benchmarks/cases.hpp"
#include "benchmarks/work.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::bench {
namespace {

/// Seconds of this process alone.
double now() { return seconds_now(1); }

/// Bytes that the program holds from the allocator.
double allocated() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<double>(info.uordblks + info.hblkhd);
}

/// x -> x w + b again and again: small elementwise ops, which a plan computes in one group.
Var elementwise(Var x, long ops) {
  for (long i = 0; i < ops / 2; ++i) x = x * (1 + 0x1p-20) + 0x1p-20;
  return x;
}

/// x -> tanh(W x + b) again and again: ops that each stay a step of their own.
Var layers(Var x, long ops) {
  const std::vector<double> w = numbers<double>(16, 1, 0.5), b = numbers<double>(4, 2, 0.1);
  const Var weights = x.tape().constant(Tensor(Shape{4, 4}, std::span(w)));
  const Var bias = x.tape().constant(Tensor(Shape{4}, std::span(b)));
  for (long i = 0; i < ops / 2; ++i) x = tanh(affine(x, weights, bias));
  return x;
}

/// Times in seconds and memory in bytes of one tape and its plan.
struct TapeCosts {
  double record, gradient, compile, replay;
  double tape, with_gradient, plan;
};

template <class Net>
TapeCosts costs_of(Net net, long ops) {
  const double held = allocated();
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{1, 4}, {0.5, 0.25, -0.5, 1.0}));
  const double start = now();
  const Var y = sum(net(x, ops));
  const double recorded = now();
  const auto of_tape = static_cast<double>(tape.memory());
  const Var g = grad(y, x);
  const double differentiated = now(), before_plan = allocated();
  Workspace<double> ws(Plan({y, g}));
  const double compiled = now(), of_plan = allocated() - before_plan;
  ws.run();  // touches its memory
  const int runs = ops < 100'000 ? 20 : 3;
  const double ready = now();
  for (int i = 0; i < runs; ++i) ws.run();
  return {recorded - start,
          differentiated - recorded,
          compiled - differentiated,
          (now() - ready) / runs,
          of_tape,
          before_plan - held,
          of_plan};
}

/// One line: a network of `ops` ops, times in ns and memory in bytes for each of them. Times are
/// the least of as many tapes as have 300,000 ops together, and of three at least.
template <class Net>
void report_tape(const char* name, Net net, long ops) {
  TapeCosts least = costs_of(net, ops);
  for (long repeat = 1; repeat < std::max(3L, 300'000 / ops); ++repeat) {
    const TapeCosts c = costs_of(net, ops);
    for (double TapeCosts::*time :
         {&TapeCosts::record, &TapeCosts::gradient, &TapeCosts::compile, &TapeCosts::replay}) {
      least.*time = std::min(least.*time, c.*time);
    }
  }
  const double ns = 1e9 / static_cast<double>(ops), each = 1 / static_cast<double>(ops);
  fmt::print("{:12} {:8} | {:7.0f} {:9.0f} {:8.0f} {:7.1f} ns | {:5.0f} {:9.0f} {:8.0f} B\n", name,
             ops, ns * least.record, ns * least.gradient, ns * least.compile, ns * least.replay,
             each * least.tape, each * least.with_gradient, each * least.plan);
}

/// A full check of in-8-4 with `parameters` parameters: the more inputs, the more parameters, while
/// the work behind each stays the same.
void report_check(long parameters, gradcheck::Method method) {
  const Index in = (parameters - 44) / 8, batch = 8;
  Tape tape;
  const auto leaf = [&](const Shape& shape, std::uint64_t stream, double scale) {
    const std::vector<double> v =
        numbers<double>(static_cast<std::size_t>(shape.size()), stream, scale);
    return tape.leaf(Tensor(shape, std::span(v)));
  };
  const Var x = leaf({batch, in}, 0, 1);
  const Var w1 = leaf({8, in}, 1, std::sqrt(3 / static_cast<double>(in))), b1 = leaf({8}, 2, 0.1);
  const Var w2 = leaf({4, 8}, 3, 0.6), b2 = leaf({4}, 4, 0.1);
  const std::vector<Index> labels{0, 1, 2, 3, 0, 1, 2, 3};
  const Var y = tape.leaf(Tensor(Shape{batch}, std::span(labels)));
  const Var cost = mean(cross_entropy_with_logits(affine(tanh(affine(x, w1, b1)), w2, b2), y));
  const std::vector<gradcheck::CheckedLeaf> leaves{
      {"W1", 1, w1}, {"b1", 1, b1}, {"W2", 2, w2}, {"b2", 2, b2}};
  gradcheck::NetworkOptions options;
  options.method = method;
  gradcheck::Result result;
  double took = std::numeric_limits<double>::infinity();
  for (int repeat = 0; repeat < 3; ++repeat) {
    const double start = now();
    result = check_network(cost, leaves, options);
    took = std::min(took, now() - start);
  }
  const auto n = static_cast<double>(result.analytic.size());
  fmt::print("{:12} {:8} | {:7.0f} ns {:12} {}\n", to_string(method), result.analytic.size(),
             1e9 * took / n, result.evaluations, to_string(result.verdict));
}

void report_all(int largest) {
  fmt::print("{:12} {:>8} | {:>7} {:>9} {:>8} {:>7} ns | {:>5} {:>9} {:>8} B\n", "tape", "ops",
             "record", "gradient", "compile", "replay", "tape", "+gradient", "plan");
  for (int e = 3; e <= largest; ++e)
    report_tape("elementwise", elementwise, std::lround(std::pow(10, e)));
  for (int e = 3; e <= largest; ++e) report_tape("layers", layers, std::lround(std::pow(10, e)));
  fmt::print("\n{:12} {:>8} | {:>7}    {:>12} verdict\n", "check", "entries", "each",
             "evaluations");
  using enum gradcheck::Method;
  for (const gradcheck::Method method : {textbook, adaptive}) {
    for (int e = 2; e <= largest; ++e) report_check(std::lround(std::pow(10, e)), method);
  }
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { dtheta::bench::report_all(argc > 1 ? std::atoi(argv[1]) : 6); }
