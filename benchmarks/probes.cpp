// What one value of J for one moved parameter takes in networks of many kinds: by what it moves, beside
// a replay of everything behind it. Both must answer the same.
//
//   probes [NETWORK]

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/autodiff.hpp"
#include "autodiff/ops.hpp"
#include "benchmarks/work.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"

namespace dtheta::bench {
namespace {

/// A cost that is being recorded, and its parameters.
struct Recorder {
  Tape tape;
  std::vector<Var> leaves;
  std::uint64_t drawn = 0;

  Tensor draw(const Shape& shape, double most) {
    return materialize(real(shape, {-most, most}), ++drawn);
  }
  Var leaf(const Shape& shape) { return leaves.emplace_back(tape.leaf(draw(shape, 0.3))); }
  Var data(const Shape& shape) { return tape.constant(draw(shape, 1)); }
  Var zeros(const Shape& shape) { return tape.constant(Tensor(shape)); }

  Var dense(Var x, Index out) {
    return affine(x, leaf({out, x.shape()[x.rank() - 1]}), leaf({out}));
  }
  Var conv(Var x, Index out, Index size, const ConvOptions& o) {
    return conv2d(x, leaf({out, x.shape()[1] / o.groups, size, size}), leaf({out}), o);
  }
  Var normalized(Var x) {
    const Index channels = x.shape()[1];
    return batch_norm(x, leaf({channels}), leaf({channels}));
  }
  Var block(Var x, Index out, Index size, const ConvOptions& o = {.padding = 1}) {
    return relu(normalized(conv(x, out, size, o)));
  }
  Var classify(Var x) {
    const Var logits = dense(x, 10);
    Tensor labels(Shape{logits.shape()[0]}, DType::int64);
    Index next = 0;
    for (Index& label : labels.data<Index>()) label = next++ % 10;
    return mean(cross_entropy_with_logits(logits, tape.constant(labels)));
  }
};

constexpr Index time_steps = 16, samples = 8, width = 32, hidden = 64;

RecurrentWeights recurrent(Recorder& r, Index gates) {
  return {r.leaf({gates * hidden, width}), r.leaf({gates * hidden, hidden}),
          r.leaf({gates * hidden}), r.leaf({gates * hidden})};
}

Var lstm_net(Recorder& r) {
  const Var zeros = r.zeros({samples, hidden});
  return r.classify(
      lstm(r.data({time_steps, samples, width}), {zeros, zeros}, recurrent(r, 4)).last.h);
}
Var gru_net(Recorder& r) {
  return r.classify(
      gru(r.data({time_steps, samples, width}), r.zeros({samples, hidden}), recurrent(r, 3))
          .last.h);
}
Var rnn_net(Recorder& r, RecurrentActivation f) {
  return r.classify(
      rnn(r.data({time_steps, samples, width}), r.zeros({samples, hidden}), recurrent(r, 1), f)
          .last.h);
}

Var residual_net(Recorder& r) {
  Var x = r.block(r.data({8, 3, 16, 16}), 16, 3);
  for (int i = 0; i < 2; ++i) {
    x = relu(x + r.normalized(r.conv(r.block(x, 16, 3), 16, 3, {.padding = 1})));
  }
  return r.classify(mean(x, {2, 3}));
}
/// 3 x 3 in groups, then 1 x 1.
Var grouped_net(Recorder& r, Index groups) {
  Var x = r.block(r.data({8, 3, 16, 16}), 16, 3);
  for (int i = 0; i < 3; ++i) {
    x = r.block(r.block(x, 16, 3, {.padding = 1, .groups = groups}), 16, 1, {});
  }
  return r.classify(mean(x, {2, 3}));
}
Var unet(Recorder& r) {
  const Var wide = relu(r.conv(r.data({4, 1, 16, 16}), 8, 3, {.padding = 1}));
  const Var deep = relu(r.conv(max_pool2d(wide, 2), 16, 3, {.padding = 1}));
  const Var up = conv_transpose2d(deep, r.leaf({16, 8, 2, 2}), r.leaf({8}), {.stride = 2});
  const Var y = relu(r.conv(concat({wide, up}, 1), 8, 3, {.padding = 1}));
  return mean(square(r.conv(y, 1, 1, {})));
}
Var decoder(Recorder& r) {
  Var x = reshape(relu(r.dense(r.data({8, 16}), 256)), {8, 16, 4, 4});
  const ConvTransposeOptions twice{.stride = 2, .padding = 1};
  x = relu(conv_transpose2d(x, r.leaf({16, 8, 4, 4}), r.leaf({8}), twice));
  return mean(square(conv_transpose2d(x, r.leaf({8, 1, 4, 4}), r.leaf({1}), twice)));
}
Var signal_net(Recorder& r) {
  Var x = relu(conv1d(r.data({8, 4, 64}), r.leaf({16, 4, 5}), r.leaf({16}), {.padding = 2}));
  x = relu(conv1d(max_pool1d(x, 2), r.leaf({16, 16, 5}), r.leaf({16}), {.padding = 2}));
  return r.classify(mean(x, 2));
}
Var words(Recorder& r) {
  Tensor ids(Shape{8, 16}, DType::int64);
  Index next = 0;
  for (Index& id : ids.data<Index>()) id = (next += 37) % 50;
  const Var x = embedding(r.leaf({50, width}), r.tape.constant(ids));
  return r.classify(mean(relu(r.dense(x, 64)), 1));
}
Var encoders(Recorder& r, int layers) {
  Var x = r.data({4, 16, width});
  const auto norm = [&](Var v) { return layer_norm(v, r.leaf({width}), r.leaf({width})); };
  for (; layers > 0; --layers) {
    const AttentionWeights w{r.leaf({3 * width, width}), r.leaf({width, width}),
                             r.leaf({3 * width}), r.leaf({width})};
    x = norm(x + multi_head_attention(x, x, x, w, 4, {.causal = true}));
    x = norm(x + r.dense(relu(r.dense(x, 64)), width));
  }
  return r.classify(mean(x, 1));
}
Var tied_autoencoder(Recorder& r) {
  const Var x = r.data({16, 64}), w = r.leaf({32, 64});
  return mean(square(matmul(tanh(affine(x, w, r.leaf({32}))), w) + r.leaf({64}) - x));
}
Var siamese(Recorder& r) {
  const Var w1 = r.leaf({64, 32}), b1 = r.leaf({64}), w2 = r.leaf({32, 64}), b2 = r.leaf({32});
  const auto twin = [&](Var x) { return affine(relu(affine(x, w1, b1)), w2, b2); };
  return mean(square(twin(r.data({16, 32})) - twin(r.data({16, 32}))));
}
Var deep_net(Recorder& r) {
  Var x = r.data({32, 64});
  for (int i = 0; i < 6; ++i) x = tanh(r.dense(x, 64));
  return r.classify(x);
}

struct Network {
  std::string name;
  std::function<Var(Recorder&)> record;
};
const std::vector<Network>& networks() {
  static const std::vector<Network> all{
      {"LSTM 64, 16 steps", lstm_net},
      {"GRU 64, 16 steps", gru_net},
      {"tanh-RNN 64, 16 steps", [](Recorder& r) { return rnn_net(r, RecurrentActivation::tanh); }},
      {"ReLU-RNN 64, step by step",
       [](Recorder& r) { return rnn_net(r, RecurrentActivation::relu); }},
      {"residual, 16 channels on 16 x 16", residual_net},
      {"depthwise and 1 x 1", [](Recorder& r) { return grouped_net(r, 16); }},
      {"four groups and 1 x 1", [](Recorder& r) { return grouped_net(r, 4); }},
      {"U-Net, 8-16 channels on 16 x 16", unet},
      {"decoder of transposed convolutions", decoder},
      {"two convolutions of a signal", signal_net},
      {"embedding and two layers", words},
      {"causal encoder layer 32", [](Recorder& r) { return encoders(r, 1); }},
      {"two of them", [](Recorder& r) { return encoders(r, 2); }},
      {"autoencoder of tied weights", tied_autoencoder},
      {"twins that share their weights", siamese},
      {"64-64-64-64-64-64-64-10", deep_net}};
  return all;
}

/// Microseconds for each of some probes of the parameters [first, first + size), and their answers.
template <class Evaluator>
double cost_of(Evaluator& evaluator, std::span<const double> theta, std::size_t first,
               std::size_t size, std::size_t count, std::vector<double>& answers) {
  std::vector<gradcheck::Probe> probes;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = first + i * 7919 % size;
    probes.push_back({at, theta[at] + 1e-3});
  }
  answers.resize(count);
  evaluator(probes, answers);
  constexpr double enough = 0.05;
  const double start = seconds_now(1);
  int runs = 0;
  do {
    evaluator(probes, answers);
    ++runs;
  } while (seconds_now(1) - start < enough);
  return (seconds_now(1) - start) / runs / static_cast<double>(count) * 1e6;
}

void measure(const Network& network) {
  Recorder r;
  const Var cost = network.record(r);
  std::vector<double> theta;
  for (const Var leaf : r.leaves) {
    const auto values = leaf.data<double>();
    theta.insert(theta.end(), values.begin(), values.end());
  }
  gradcheck::ReplayProbes plain(cost, r.leaves, theta);
  gradcheck::StackedProbes moved(cost, r.leaves, theta);
  std::size_t first = 0;
  double by_replay = 0, by_move = 0, apart = 0;
  for (const Var leaf : r.leaves) {
    const auto size = static_cast<std::size_t>(leaf.size());
    std::vector<double> wanted, found;
    by_replay += static_cast<double>(size) * cost_of(plain, theta, first, size, 16, wanted);
    by_move += static_cast<double>(size) * cost_of(moved, theta, first, size, 256, found);
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      apart = std::max(apart, std::abs(found[i] - wanted[i]) / (1 + std::abs(wanted[i])));
    }
    first += size;
  }
  const double all = static_cast<double>(theta.size());
  fmt::print("| {} | {} | {:.1f} | {:.1f} | {:.2f} | {:.0e} |\n", network.name, theta.size(),
             by_replay / all, by_move / all, by_move / by_replay, apart);
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) {
  fmt::print("| network | parameters | µs a probe by replay | by what moves | ratio | apart |\n");
  fmt::print("|---|--:|--:|--:|--:|--:|\n");
  for (const auto& network : dtheta::bench::networks()) {
    if (argc < 2 || network.name.starts_with(argv[1])) dtheta::bench::measure(network);
  }
}
