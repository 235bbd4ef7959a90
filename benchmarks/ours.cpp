// The cases by this library: training and gradients are replays of a plan, checks are those of
// gradcheck::check_network.

#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "benchmarks/adbench/ba.hpp"
#include "benchmarks/adbench/gmm.hpp"
#include "benchmarks/adbench/lstm.hpp"
#include "benchmarks/networks.hpp"
#include "benchmarks/work.hpp"
#include "gradcheck/bridge/network_check.hpp"

namespace dtheta::bench {
namespace {

template <class T>
double norm(std::span<const T> v) {
  double sum = 0;
  for (const T e : v) sum += static_cast<double>(e) * static_cast<double>(e);
  return std::sqrt(sum);
}

/// One run of a plan after the other.
template <class T>
Work replay(const Plan& plan, Var value) {
  const auto ws = std::make_shared<Workspace<T>>(plan);
  return {[ws] { ws->run(); }, [ws, value] { return static_cast<double>((*ws)[value][0]); }};
}

template <class N>
Work training(const N& network) {
  return replay<float>(network.training_plan(learning_rate), network.cost);
}

Work check(const std::string& name, int threads) {
  const auto net = std::make_shared<Mlp>(name, DType::float64);
  std::vector<gradcheck::CheckedLeaf> leaves;
  for (std::size_t k = 0; k < net->parameters.size(); ++k) {
    leaves.push_back(
        {fmt::format("{}{}", k % 2 == 0 ? "W" : "b", k / 2 + 1), k / 2 + 1, net->parameters[k]});
  }
  gradcheck::NetworkOptions options;
  options.method = gradcheck::Method::textbook;
  options.threads = static_cast<unsigned>(threads);
  const auto result = std::make_shared<gradcheck::Result>();
  return {[=] { *result = check_network(net->cost, leaves, options); },
          [=] { return norm<double>(result->numeric); }};
}

/// The chain of the case, recorded on vectors of `width` elements.
struct Chain {
  explicit Chain(std::size_t width) {
    const auto tensor = [&](std::uint64_t stream, double scale, double offset) {
      return Tensor(Shape{static_cast<Index>(width)},
                    std::span<const float>(numbers<float>(width, stream, scale, offset)));
    };
    x0 = tensor(0, 1, 0);
    w0 = tensor(1, 0.01, 1);
    b0 = tensor(2, 0.01, 0);
  }

  void record() {
    tape.clear();
    const Var x = tape.leaf(x0), w = tape.leaf(w0), b = tape.leaf(b0);
    Var y = x;
    for (int i = 0; i < chain_ops / 2; ++i) y = y * w + b;
    total = sum(y);
    gradient = grad(total, {x, w, b});
  }

  Tensor x0, w0, b0;
  Tape tape{DType::float32};
  Var total;
  std::vector<Var> gradient;
};

/// "chain-1-record" records and differentiates anew each time, "chain-1-replay" runs a plan.
Work chain(const std::string& name) {
  const auto c = std::make_shared<Chain>(name.starts_with("chain-16") ? 16 : 1);
  c->record();
  Work work;
  if (name.ends_with("record")) {
    work = {[c] { c->record(); }, [c] { return c->total.item(); }};
  } else {
    std::vector<Var> outputs = c->gradient;
    outputs.push_back(c->total);
    work = replay<float>(Plan(outputs), c->total);
  }
  work.pieces = chain_ops;
  return work;
}

/// Runs a plan for the outputs; the value is the norm of the first `count` of them together.
Work norm_of_replay(const std::vector<Var>& outputs, std::size_t count) {
  const auto ws = std::make_shared<Workspace<double>>(Plan(outputs));
  const std::vector<Var> measured(outputs.begin(), outputs.begin() + static_cast<long>(count));
  return {[ws] { ws->run(); },
          [ws, measured] {
            double sum = 0;
            for (const Var v : measured) sum += std::pow(norm((*ws)[v]), 2);
            return std::sqrt(sum);
          }};
}

/// All errors and all rows of the Jacobian.
Work bundle() {
  Tape tape;
  const adbench::RecordedBundle b = record_bundle(tape, adbench::bundle_case());
  std::vector<Var> outputs = b.rows[0];
  outputs.insert(outputs.end(), b.rows[1].begin(), b.rows[1].end());
  outputs.push_back(b.d_e);
  const std::size_t of_jacobian = outputs.size();
  outputs.insert(outputs.end(), {b.r[0], b.r[1], b.e});
  return norm_of_replay(outputs, of_jacobian);
}

Work adbench_case(const std::string& name) {
  const bool value_only = name.ends_with("-value");
  Tape tape;
  const adbench::Recorded r = name.starts_with("gmm")
                                  ? record_gmm(tape, adbench::read_gmm(name.substr(0, 6)))
                                  : record_lstm(tape, adbench::read_lstm());
  if (value_only) return replay<double>(Plan({r.cost}), r.cost);
  std::vector<Var> outputs = r.gradient;
  outputs.push_back(r.cost);
  return norm_of_replay(outputs, r.gradient.size());
}

Work make(const std::string& name, int threads) {
  if (name.starts_with("gc-")) return check(name, threads);
  if (name.starts_with("chain-")) return chain(name);
  if (name == "ba") return bundle();
  if (name.starts_with("gmm-") || name.starts_with("lstm")) return adbench_case(name);
  if (!dense_sizes(name).empty()) return training(Mlp(name, DType::float32));
  if (name == "d") return training(LeNet5(DType::float32));
  if (name == "e") return training(LstmClassifier(DType::float32));
  if (name == "f") return training(EncoderClassifier(DType::float32));
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
