// Checks within a budget: large models, right and with one wrong entry in each of their blocks.
//
//   checker_budget encoder|lstm [SECONDS [THREADS]]
//   checker_budget large [SIDE [SECONDS]]     tanh of a SIDE x SIDE matrix, written by hand
//
// A wrong entry is off by 1e-4 of the largest derivative of its block. Run the large one under
// /usr/bin/time -v to see what memory it takes.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "benchmarks/networks.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/report.hpp"

namespace {

namespace gc = dtheta::gradcheck;
using Clock = std::chrono::steady_clock;

constexpr double wrong_by = 1e-4;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// The worst sight of all blocks.
std::string sight_of(const gc::Result& result) {
  double worst = 0.0;
  for (const gc::BlockResult& block : result.blocks) {
    if (block.sight) worst = std::max(worst, block.sight->error);
  }
  return result.sampled ? fmt::format("an error of {:.1e} of a block is seen", worst) : "whole";
}

/// True if all was as it should be.
bool print_right(const std::string& name, const gc::Result& result, double seconds) {
  fmt::print("{:<10} right gradient: {}, {:.2f} s, {} evaluations, {}\n", name,
             to_string(result.verdict), seconds, result.evaluations, sight_of(result));
  if (!result) fmt::print("{}", report(result));
  return static_cast<bool>(result);
}

bool print_planted(const std::string& name, const gc::Block& block, std::size_t entry,
                   const gc::Result& result, double seconds) {
  const std::vector<gc::Component> worst = result.worst();
  const bool placed =
      !worst.empty() && worst[0].verdict == gc::Verdict::fail && worst[0].position == entry;
  fmt::print("{:<10} {:<4} of {:>9}: {}, {}, {:.2f} s, {} evaluations\n", name, block.name,
             block.size, to_string(result.verdict), placed ? "placed" : "NOT PLACED", seconds,
             result.evaluations);
  return placed;
}

/// An entry in the middle of a block and by how much it is wrong.
std::pair<std::size_t, double> plant(const gc::Block& block, std::span<const double> gradient) {
  double largest = 0.0;
  for (const double g : gradient.subspan(block.offset, block.size)) {
    largest = std::max(largest, std::abs(g));
  }
  return {block.offset + (block.size * 5) / 8, wrong_by * largest};
}

bool run(const std::string& name, const dtheta::bench::Network& net, double seconds,
         unsigned threads) {
  std::vector<gc::CheckedLeaf> leaves;
  for (std::size_t k = 0; k < net.parameters.size(); ++k) {
    leaves.push_back({fmt::format("p{}", k), k, net.parameters[k]});
  }
  const gc::ParameterVector theta = gc::parameters_of(leaves);
  fmt::print("{}: {} parameters, {} s, {} threads\n", name, theta.size(), seconds, threads);
  gc::NetworkOptions options;
  options.budget.emplace().seconds = seconds;
  options.threads = threads;
  auto start = Clock::now();
  const gc::Result honest = gc::check_network(net.cost, leaves, options);
  bool good = print_right(name, honest, since(start));
  const gc::ParameterVector right = gc::gradient_of(net.cost, leaves, theta);
  for (const gc::Block& block : theta.blocks()) {
    gc::ParameterVector wrong = right;
    const auto [entry, error] = plant(block, right.values());
    wrong.values()[entry] += error;
    options.gradient = &wrong;
    start = Clock::now();
    const gc::Result result = gc::check_network(net.cost, leaves, options);
    good = print_planted(name, block, entry, result, since(start)) && good;
  }
  return good;
}

/// J = (v . tanh(W x) - 1)^2 / 2, with W of side x side.
class Large {
 public:
  explicit Large(std::size_t side) : side_(side), x_(drawn(side, 1, 1.0)) {
    const double scale = 1.0 / std::sqrt(static_cast<double>(side));
    theta_.add("W", 1, {side, side}, drawn(side * side, 2, scale));
    theta_.add("v", 2, {side}, drawn(side, 3, scale));
  }
  [[nodiscard]] const gc::ParameterVector& theta() const { return theta_; }

  double cost(std::span<const double> t) const {
    const double r = output(t) - 1.0;
    return 0.5 * r * r;
  }
  [[nodiscard]] std::vector<double> gradient() const {
    const auto t = theta_.values();
    std::vector<double> g(t.size());
    const double r = output(t) - 1.0;
    for (std::size_t i = 0; i < side_; ++i) {
      const double a = unit(t, i);
      g[side_ * side_ + i] = r * a;
      const double d = r * t[side_ * side_ + i] * (1.0 - a * a);
      for (std::size_t j = 0; j < side_; ++j) g[i * side_ + j] = d * x_[j];
    }
    return g;
  }

 private:
  static std::vector<double> drawn(std::size_t count, unsigned seed, double scale) {
    std::mt19937 bits(seed);
    std::normal_distribution<double> normal(0.0, scale);
    std::vector<double> values(count);
    for (double& v : values) v = normal(bits);
    return values;
  }
  double unit(std::span<const double> t, std::size_t i) const {
    double sums[4] = {};
    const double* const row = t.data() + i * side_;
    std::size_t j = 0;
    for (; j + 4 <= side_; j += 4) {
      for (std::size_t k = 0; k < 4; ++k) sums[k] += row[j + k] * x_[j + k];
    }
    for (; j < side_; ++j) sums[0] += row[j] * x_[j];
    return std::tanh((sums[0] + sums[1]) + (sums[2] + sums[3]));
  }
  double output(std::span<const double> t) const {
    double sum = 0.0;
    for (std::size_t i = 0; i < side_; ++i) sum += t[side_ * side_ + i] * unit(t, i);
    return sum;
  }

  std::size_t side_;
  std::vector<double> x_;
  gc::ParameterVector theta_;
};

bool run_large(std::size_t side, double seconds) {
  const Large model(side);
  const gc::Cost cost = [&](std::span<const double> t) { return model.cost(t); };
  std::vector<double> g = model.gradient();
  fmt::print("large: {} parameters, {} s, 1 thread; one copy of theta is {:.2f} GB\n",
             model.theta().size(), seconds, 8e-9 * static_cast<double>(model.theta().size()));
  auto start = Clock::now();
  static_cast<void>(cost(model.theta().values()));
  fmt::print("one evaluation of J: {:.3f} s\n", since(start));
  gc::Options options;
  options.budget.emplace().seconds = seconds;
  start = Clock::now();
  bool good = true;
  {  // not kept: a result has three numbers for each parameter
    const gc::Result honest = gc::check(cost, g, model.theta(), options);
    good = print_right("large", honest, since(start));
  }
  for (const gc::Block& block : model.theta().blocks()) {
    const auto [entry, error] = plant(block, g);
    const double right = g[entry];
    g[entry] += error;
    start = Clock::now();
    const gc::Result result = gc::check(cost, g, model.theta(), options);
    good = print_planted("large", block, entry, result, since(start)) && good;
    g[entry] = right;
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  const auto number = [&](int k, double otherwise) {
    return argc > k ? std::atof(argv[k]) : otherwise;
  };
  const auto threads = static_cast<unsigned>(number(3, 2));
  using dtheta::DType;
  if (what == "encoder") {
    return run(what, dtheta::bench::EncoderClassifier("f", DType::float64), number(2, 10), threads)
               ? 0
               : 1;
  }
  if (what == "lstm") {
    return run(what, dtheta::bench::RecurrentClassifier("e", DType::float64), number(2, 10),
               threads)
               ? 0
               : 1;
  }
  if (what == "large") {
    return run_large(static_cast<std::size_t>(number(2, 10000)), number(3, 60)) ? 0 : 1;
  }
  fmt::print("usage: checker_budget encoder|lstm [SECONDS [THREADS]] | large [SIDE [SECONDS]]\n");
  return 2;
}
