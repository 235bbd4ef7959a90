// What watching a training run costs, and whether it is ever wrong: the overhead of a monitor that
// looks every 100 steps, and the alarms of 100,000 healthy steps of a small network with dropout,
// for two sets of directions.
//
//   monitor [steps]

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

#include "autodiff/grad.hpp"
#include "gradcheck/bridge/tape_monitor.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

/// A training step with its own batch; dropout after each hidden layer.
class Run {
 public:
  Run(DType precision, const std::vector<Index>& sizes, Index batch) : tape_(precision) {
    std::uint32_t stream = 0;
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      model_.add(nn::Linear(sizes[l - 1], sizes[l], {1, stream++}));
      if (l + 1 == sizes.size()) continue;
      model_.add(nn::Activation::relu);
      model_.add(nn::Dropout(0.8, {1, stream++}));
    }
    const Tensor x = nn::normal({batch, sizes.front()}, 0, 1, {2, 0});
    r_ = nn::record_cost(tape_, model_, x, Tensor(Shape{batch}, DType::int64), {});
    const std::vector<Var> parameters = nn::leaves_of(r_.parameters);
    gradients_ = grad(r_.cost, parameters);
    const nn::OptimizerStep step = nn::Adam{}(parameters, gradients_);
    std::vector<Var> outputs{r_.cost, tape_.step()};
    outputs.insert(outputs.end(), gradients_.begin(), gradients_.end());
    plan_.emplace(outputs, PlanOptions{.updates = step.updates});
  }

  /// Steps first, first + 1, ..., each with other labels and, where asked, other inputs.
  template <Scalar T>
  void train(Workspace<T>& ws, gradcheck::TapeMonitor* monitor, Index first, Index count,
             bool new_inputs) {
    const Index classes = r_.output.shape()[1];
    for (Index i = first; i < first + count; ++i) {
      const auto labels = ws.index_leaf(r_.target);
      for (std::size_t k = 0; k < labels.size(); ++k) {
        labels[k] = (static_cast<Index>(k) * 7 + i * 3) % classes;
      }
      if (new_inputs) {
        const Tensor x = nn::normal(r_.input.shape(), 0, 1, {4, static_cast<std::uint32_t>(i)});
        std::ranges::transform(x.data<double>(), ws.leaf(r_.input).begin(),
                               [](double v) { return static_cast<T>(v); });
      }
      ws.index_leaf(tape_.step())[0] = i;
      const auto step = static_cast<std::size_t>(i);
      if (monitor != nullptr) monitor->before(step, ws);
      ws.run();
      if (monitor != nullptr) monitor->after(step, ws, gradients_);
    }
  }

  [[nodiscard]] std::unique_ptr<gradcheck::TapeMonitor> monitor(
      gradcheck::MonitorOptions options, gradcheck::TapeMonitor::Where where) const {
    return std::make_unique<gradcheck::TapeMonitor>(
        r_.cost, gradcheck::checked_leaves(r_.parameters), std::move(options), where);
  }
  [[nodiscard]] const Plan& plan() const { return *plan_; }

 private:
  nn::Sequential model_;
  Tape tape_;
  nn::RecordedCost r_;
  std::vector<Var> gradients_;
  std::optional<Plan> plan_;
};

template <class F>
double seconds(F work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The least times of a step without a look, with a glance, with a look in double (which in double
/// is a glance too), and with its copies for a glance by another core.
struct StepTimes {
  double plain = 1e300, glance = 1e300, exact = 1e300, background = 1e300;
};

template <Scalar T>
StepTimes step_times(Run& run) {
  using Where = gradcheck::TapeMonitor::Where;
  Workspace<T> ws(run.plan());
  const auto monitor = [&](std::size_t exact_every, Where where) {
    return run.monitor({.every = 1, .exact_every = exact_every, .on_alarm = [](const auto&) {}},
                       where);
  };
  const auto glancing = monitor(1'000'000, Where::here), exact = monitor(1, Where::here);
  const auto background = monitor(1'000'000, Where::background);
  StepTimes least;
  const auto time = [&](double& result, gradcheck::TapeMonitor* watch, Index step) {
    result = std::min(result, seconds([&] { run.train(ws, watch, step, 1, false); }));
    if (watch != nullptr) watch->finish();
  };
  for (Index k = 0; k < 100; ++k) {
    time(least.plain, nullptr, k);
    time(least.glance, glancing.get(), k);
    time(least.exact, exact.get(), k);
    time(least.background, background.get(), k);
  }
  return least;
}

/// So many per cent of the training a look every 100 steps takes: glances and looks in double mixed
/// as they are in a run of `steps`.
template <Scalar T>
void overhead(const std::vector<Index>& sizes, Index batch, Index steps) {
  Run run(std::same_as<T, float> ? DType::float32 : DType::float64, sizes, batch);
  const StepTimes least = step_times<T>(run);
  Workspace<T> ws(run.plan());
  const auto watch = run.monitor({.every = 10, .on_alarm = [](const auto&) {}},
                                 gradcheck::TapeMonitor::Where::here);
  run.train(ws, watch.get(), 0, steps, true);
  const gradcheck::Monitor& seen = watch->monitor();
  const double exact = 1 - static_cast<double>(seen.glances()) / static_cast<double>(seen.probes());
  const auto cost = [&](double step) { return (step - least.plain) / least.plain; };
  fmt::print(
      "{:8} batch {:4}: every 100 steps {:.2f} % of the training ({:.0f} % of the looks in double, "
      "each {:.2f} steps; a glance {:.2f}); in the background {:.2f} %\n",
      std::same_as<T, float> ? "float32" : "float64", batch,
      exact * cost(least.exact) + (1 - exact) * cost(least.glance), 100 * exact, cost(least.exact),
      cost(least.glance), cost(least.background));
}

template <Scalar T>
void healthy(Index steps, std::uint64_t seed) {
  Run run(std::same_as<T, float> ? DType::float32 : DType::float64, {8, 16, 16, 4}, 16);
  Workspace<T> ws(run.plan());
  std::size_t alarms = 0;
  const auto monitor =
      run.monitor({.every = 100, .seed = seed, .on_alarm = [&](const auto&) { ++alarms; }},
                  gradcheck::TapeMonitor::Where::here);
  run.train(ws, monitor.get(), 0, steps, true);
  fmt::print(
      "{:8} {} healthy steps, {} looks, {} of them glances: {} alarms, the closest {:.1e} of what "
      "is allowed\n",
      std::same_as<T, float> ? "float32" : "float64", steps, monitor->monitor().probes(),
      monitor->monitor().glances(), alarms, monitor->monitor().closest());
}

}  // namespace

int main(int argc, char** argv) {
  const Index steps = argc > 1 ? std::atol(argv[1]) : 100'000;
  for (const Index batch : {64, 256}) {
    overhead<float>({784, 128, 10}, batch, steps / 50);
    overhead<double>({784, 128, 10}, batch, steps / 50);
  }
  for (const std::uint64_t seed : {1, 2}) {
    healthy<float>(steps, seed);
    healthy<double>(steps, seed);
  }
}
