// Time of single ops and of their gradients: lines of "case precision forward gradient", in ms.
// benchmarks/op_speed.py sets them beside PyTorch's.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/linalg.hpp"
#include "autodiff/ops/network/normalization.hpp"
#include "autodiff/ops/reduction/product.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/spatial/interpolate.hpp"
#include "autodiff/tape.hpp"
#include "autodiff/workspace.hpp"

namespace {

using namespace dtheta;

/// The best of several runs, in ms.
template <class F>
double milliseconds(F run) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity(), spent = 0;
  for (int round = 0; round < 5 || (spent < 300 && round < 200); ++round) {
    const auto start = Clock::now();
    run();
    const double ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
    best = std::min(best, ms);
    spent += ms;
  }
  return best;
}

struct Case {
  std::string name;
  std::vector<Shape> operands;
  std::function<Var(std::span<const Var>)> f;
};

using Vars = std::span<const Var>;

std::vector<Case> cases() {
  std::vector<Case> list;
  const auto add = [&](std::string name, std::initializer_list<Shape> shapes, auto f) {
    list.push_back({std::move(name), shapes, f});
  };
  for (const Index n : {96, 256}) {
    const Shape square_matrix{n, n};
    const std::string size = std::to_string(n);
    add("svd_" + size, {square_matrix}, [](Vars x) { return svd(x[0]).s; });
    add("pinv_" + size, {square_matrix}, [](Vars x) { return pinv(x[0]); });
  }
  add("prod_last", {Shape{1000, 1000}}, [](Vars x) { return prod(x[0], -1); });
  const auto normalized = [](Vars x) { return batch_norm(x[0], x[1], x[2]); };
  add("batch_norm", {Shape{32, 64, 28, 28}, Shape{64}, Shape{64}}, normalized);
  add("batch_norm_rows", {Shape{256, 512}, Shape{512}, Shape{512}}, normalized);
  add("bilinear", {Shape{8, 16, 64, 64}}, [](Vars x) {
    return interpolate(x[0], PerAxis{128, 128}, {.mode = Resample::linear});
  });
  add("transpose", {Shape{1024, 1024}}, [](Vars x) { return transpose(x[0]); });
  add("permute", {Shape{32, 64, 28, 28}}, [](Vars x) { return permute(x[0], {0, 2, 3, 1}); });
  return list;
}

template <class T>
void measure(const Case& c, const char* precision) {
  Tape tape(std::is_same_v<T, float> ? DType::float32 : DType::float64);
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(0.9, 1.1);
  std::vector<Var> leaves;
  for (const Shape& s : c.operands) {
    Tensor value(s, DType::float64);
    for (double& v : value.data<double>()) v = uniform(random);
    leaves.push_back(tape.leaf(value.to(tape.precision())));
  }
  const Var y = c.f(leaves);
  const Var cotangent =
      tape.leaf(y.value());  // a cotangent of its own: that of a sum may be folded
  const std::vector<Var> g = grad(sum(y * cotangent), leaves);
  Workspace<T> forward{Plan({y})}, gradient{Plan(g)};
  const double of_value = milliseconds([&] { forward.run(); });
  const double of_gradient = milliseconds([&] { gradient.run(); });
  std::printf("%s %s %.4f %.4f\n", c.name.c_str(), precision, of_value, of_gradient);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  for (const Case& c : cases()) {
    if (argc > 1 && c.name.find(argv[1]) == std::string::npos) continue;
    measure<float>(c, "float");
    measure<double>(c, "double");
  }
}
