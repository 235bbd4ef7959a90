// Training steps of networks with convolutions, recurrence and attention, by replay: time, and the
// share of it that the multiplications and additions of the step would take at the rate of a large
// matrix product measured in the same run.

#include <fmt/format.h>

#include <vector>

#include "autodiff/kernels/gemm.hpp"
#include "benchmarks/networks.hpp"
#include "benchmarks/timing.hpp"

namespace dtheta::bench {
namespace {

/// Floating-point operations per second of a product of square matrices.
double product_rate() {
  constexpr Index n = 512;
  const std::vector<float> a(n * n, 0.5F), b(n * n, 0.25F);
  std::vector<float> c(n * n);
  const double s = seconds_per_call([&] {
    detail::gemm<float>({n, n, n}, a.data(), b.data(), c.data());
  });
  return 2.0 * n * n * n / s;
}

/// `operations`: those of the step's products.
void report(std::string_view name, const Network& network, double operations, double rate) {
  Workspace<float> ws(network.training_plan(0.01));
  const double s = seconds_per_call([&] { ws.run(); });
  fmt::print("{}: {:.0f} us a step, products {:.0f} % of it ({} steps, {} ops)\n", name, 1e6 * s,
             100 * operations / rate / s, ws.plan().step_count(), ws.plan().op_count());
}

/// Of a product with m x n results, and of the two products of its derivative.
double step_operations(double m, double n, double k) { return 3 * 2 * m * n * k; }

void report_all() {
  const double rate = product_rate();
  fmt::print("products: {:.0f} Gflop/s\n", 1e-9 * rate);
  // Nothing is differentiated by the network's input: the first layer has two products, not three.
  report("d, LeNet-5, batch 64", LeNet5(DType::float32, 64),
         step_operations(64 * 784, 6, 25) * 2 / 3 + step_operations(64 * 100, 16, 150) +
             step_operations(64, 120, 400) + step_operations(64, 84, 120) +
             step_operations(64, 10, 84),
         rate);
  report("e, LSTM 128, 32 steps, batch 16", LstmClassifier(DType::float32, 16, 32, 128),
         step_operations(512, 512, 128) * 5 / 3 + step_operations(16, 10, 128), rate);
  report("f, encoder 128, 64 steps, batch 8", EncoderClassifier(DType::float32, 8, 64, 128, 4, 512),
         step_operations(512, 384, 128) * 2 / 3 + 2 * step_operations(8 * 64, 64, 128) +
             step_operations(512, 128, 128) + 2 * step_operations(512, 512, 128) +
             step_operations(8, 10, 128),
         rate);
}

}  // namespace
}  // namespace dtheta::bench

int main() { dtheta::bench::report_all(); }
