// Training steps by replay, recording, and full gradient checks; each with the floor beside it that
// a ratio needs: the matrix products alone, in the same run.

#include <fmt/format.h>

#include <functional>

#include "autodiff/kernels/gemm.hpp"
#include "benchmarks/networks.hpp"
#include "benchmarks/timing.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::bench {
namespace {

/// The products of one training step of a two-layer net: three of each size but no dX.
double products_alone(Index batch, Index in, Index hidden, Index out) {
  std::vector<float> x(static_cast<std::size_t>(batch * in), 0.5F);
  std::vector<float> w(static_cast<std::size_t>(in * hidden), 0.25F);
  std::vector<float> a(static_cast<std::size_t>(batch * hidden), 0.1F);
  std::vector<float> v(static_cast<std::size_t>(hidden * out), 0.1F);
  std::vector<float> z(static_cast<std::size_t>(batch * out), 0.1F);
  return seconds_per_call([&] {
    detail::gemm({batch, hidden, in, false, true}, x.data(), w.data(), a.data());
    detail::gemm({batch, out, hidden, false, true}, a.data(), v.data(), z.data());
    detail::gemm({out, hidden, batch, true, false}, z.data(), a.data(), v.data());
    detail::gemm({batch, hidden, out, false, false}, z.data(), v.data(), a.data());
    detail::gemm({hidden, in, batch, true, false}, a.data(), x.data(), w.data());
  });
}

void report_training() {
  const Mlp seed(DType::float32, 4, {5, 6, 3, 1}), mlp(DType::float32, 64, {784, 128, 10});
  Workspace<float> small(seed.training_plan(0.01)), large(mlp.training_plan(0.01));
  const double s = seconds_per_call([&] { small.run(); });
  fmt::print("training step 5-6-3-1, batch 4, float32: {:.2f} us ({} steps, {} ops)\n", 1e6 * s,
             small.plan().step_count(), small.plan().op_count());
  const double l = seconds_per_call([&] { large.run(); });
  const double floor = products_alone(64, 784, 128, 10);
  fmt::print(
      "training step 784-128-10, batch 64, float32: {:.0f} us; products alone {:.0f} us; "
      "ratio {:.2f} ({} steps, {} ops)\n",
      1e6 * l, 1e6 * floor, l / floor, large.plan().step_count(), large.plan().op_count());
}

void report_recording() {
  constexpr int ops = 1000;
  Tape tape;
  const auto record = [&] {
    tape.clear();
    Var v = tape.leaf(Tensor(1.0));
    const Var w = tape.leaf(Tensor(0.999)), b = tape.leaf(Tensor(0.001));
    for (int i = 0; i < ops / 2; ++i) v = v * w + b;
    return v;
  };
  const double forward = seconds_per_call([&] { record(); });
  fmt::print("recording: {:.0f} ns for a small op\n", 1e9 * forward / ops);
  const Var v = record();
  const Var x = Var(tape, 0);
  const std::uint32_t before = tape.size();
  static_cast<void>(before);
  const Plan plan({v, grad(v, x)});
  Workspace<double> ws(plan);
  const double replay = seconds_per_call([&] { ws.run(); });
  fmt::print("replay, forward and backward: {:.0f} ns for a recorded op ({} steps)\n",
             1e9 * replay / ops, plan.step_count());
}

gradcheck::Result full_check(const Mlp& net, unsigned threads) {
  std::vector<gradcheck::CheckedLeaf> leaves;
  for (std::size_t k = 0; k < net.parameters.size(); ++k) {
    leaves.push_back(
        {fmt::format("{}{}", k % 2 == 0 ? "W" : "b", k / 2 + 1), k / 2 + 1, net.parameters[k]});
  }
  gradcheck::NetworkOptions options;
  options.method = gradcheck::Method::textbook;
  options.threads = threads;
  return check_network(net.cost, leaves, options);
}

void report_checks() {
  const Mlp seed(DType::float64, 4, {5, 6, 3, 1}), mlp(DType::float64, 32, {784, 32, 10});
  const double s = seconds_per_call([&] { full_check(seed, 1); });
  fmt::print("textbook check 5-6-3-1, batch 4: {:.3f} ms\n", 1e3 * s);
  for (unsigned threads : {1U, 2U}) {
    const double l = seconds_per_call([&] { full_check(mlp, threads); }, 1);
    fmt::print("textbook check 784-32-10, batch 32, {} threads: {:.2f} s\n", threads, l);
  }
}

}  // namespace
}  // namespace dtheta::bench

int main() {
  dtheta::bench::report_training();
  dtheta::bench::report_recording();
  dtheta::bench::report_checks();
}
