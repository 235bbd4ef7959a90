// The cases by this library: training and gradients are replays of a plan, checks are those of
// gradcheck::check_network.

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <span>

#include "autodiff/ops/elementwise/exp_log.hpp"
#include "benchmarks/adbench/ba.hpp"
#include "benchmarks/adbench/gmm.hpp"
#include "benchmarks/adbench/hand.hpp"
#include "benchmarks/adbench/lstm.hpp"
#include "benchmarks/networks.hpp"
#include "benchmarks/work.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/optimizer.hpp"

namespace dtheta::bench {
namespace {

template <class T>
double norm(std::span<const T> v) {
  return norm_of(v.data(), v.size());
}

/// One run of a plan after the other.
template <class T>
Work replay(const Plan& plan, Var value, int threads = 1) {
  const auto ws = threads == 1
                      ? std::make_shared<Workspace<T>>(plan)
                      : std::make_shared<Workspace<T>>(plan, static_cast<unsigned>(threads));
  return {[ws] { ws->run(); }, [ws, value] { return static_cast<double>((*ws)[value][0]); }};
}

template <class N>
Work training(const N& network, int threads) {
  return replay<float>(network.training_plan(learning_rate), network.cost, threads);
}

/// The network of a check, in double.
std::shared_ptr<Network> checked_network(const std::string& name) {
  if (name == "gc-lenet") return std::make_shared<LeNet5>(DType::float64);
  if (name == "gc-lstm") return std::make_shared<RecurrentClassifier>("e", DType::float64);
  if (name == "gc-encoder") return std::make_shared<EncoderClassifier>("f", DType::float64);
  return std::make_shared<Mlp>(name, DType::float64);
}

/// A full check. "gc-a" is compiled once, as training is and as the program by hand is: what is
/// timed are checks by the compiled one. "gc-a-anew" compiles with every check, as `check_network`
/// does. "gc-a-adaptive" is by the adaptive method, the others by the textbook's.
Work check(std::string name, int threads) {
  const auto drop = [&](std::string_view suffix) {
    const bool there = name.ends_with(suffix);
    if (there) name.resize(name.size() - suffix.size());
    return there;
  };
  const bool anew = drop("-anew"), adaptive = drop("-adaptive");
  const auto net = checked_network(name);
  std::vector<gradcheck::CheckedLeaf> leaves;
  for (std::size_t k = 0; k < net->parameters.size(); ++k) {
    leaves.push_back(
        {fmt::format("{}{}", k % 2 == 0 ? "W" : "b", k / 2 + 1), k / 2 + 1, net->parameters[k]});
  }
  gradcheck::NetworkOptions options;
  if (!adaptive) options.method = gradcheck::Method::textbook;
  options.threads = static_cast<unsigned>(threads);
  const auto result = std::make_shared<gradcheck::Result>();
  const auto value = [=] { return norm<double>(result->numeric); };
  Work work{.value = value, .steps_to_value = 1};  // each finds the same
  if (anew) {
    work.step = [=] { *result = check_network(net->cost, leaves, options); };
  } else {
    const auto compiled = std::make_shared<gradcheck::NetworkCheck>(net->cost, leaves, options);
    work.step = [=, tape = net] { *result = (*compiled)(); };
  }
  return work;
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
    x = tape.leaf(x0), w = tape.leaf(w0), b = tape.leaf(b0);
    Var y = x;
    for (int i = 0; i < chain_ops / 2; ++i) y = y * w + b;
    total = sum(y);
  }

  Tensor x0, w0, b0;
  Tape tape{DType::float32};
  Var x, w, b, total;
  std::vector<Tensor> gradient;
  std::vector<Var> derivatives;
};

/// "chain-1-record" records and differentiates anew each time, "chain-1-symbolic" records the
/// derivatives, too, and "chain-1-replay" runs a plan.
Work chain(const std::string& name) {
  const auto c = std::make_shared<Chain>(name.starts_with("chain-16") ? 16 : 1);
  c->record();
  Work work;
  if (name.ends_with("record")) {
    work = {[c] {
              c->record();
              c->gradient = backward(c->total, {c->x, c->w, c->b});
            },
            [c] { return c->total.item(); }};
  } else if (name.ends_with("symbolic")) {
    work = {[c] {
              c->record();
              c->derivatives = grad(c->total, {c->x, c->w, c->b});
            },
            [c] { return c->total.item(); }};
  } else {
    std::vector<Var> outputs = grad(c->total, {c->x, c->w, c->b});
    outputs.push_back(c->total);
    work = replay<float>(Plan(outputs), c->total);
  }
  work.pieces = chain_ops;
  return work;
}

/// The elements of all of `vars`, end to end.
std::vector<double> elements(const Workspace<double>& ws, const std::vector<Var>& vars) {
  std::vector<double> all;
  for (const Var v : vars) all.insert(all.end(), ws[v].begin(), ws[v].end());
  return all;
}

/// Runs a plan for the `derivatives`, whose norm is the value, and the `others`.
struct Differentiation {
  Differentiation(std::vector<Var> of, const std::vector<Var>& others)
      : derivatives(std::move(of)), ws(Plan(joined(derivatives, others))) {}
  [[nodiscard]] double value() const {
    return norm(std::span<const double>(elements(ws, derivatives)));
  }

  static std::vector<Var> joined(std::vector<Var> a, const std::vector<Var>& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  std::vector<Var> derivatives;
  Workspace<double> ws;
};

Work work_of(const std::shared_ptr<Differentiation>& d) {
  return {[d] { d->ws.run(); }, [d] { return d->value(); }};
}

/// A leaf of float.
Var leaf(Tape& tape, const Shape& shape, std::uint64_t stream) {
  const auto size = static_cast<std::size_t>(shape.size());
  return tape.leaf(Tensor(shape, std::span<const float>(numbers<float>(size, stream, 1))));
}

/// A program for one value, of which the norm of the first `looked_at` elements is told.
Work value_of(Var y, int threads, std::size_t looked_at) {
  const auto ws = std::make_shared<Workspace<float>>(Plan({y}), static_cast<unsigned>(threads));
  return {[ws] { ws->run(); }, [=] { return norm((*ws)[y].first(looked_at)); }};
}

Work product(const std::string& name, int threads) {
  const Index n = size_in(name);
  Tape tape(DType::float32);
  const Var a = leaf(tape, {n, n}, 0), b = leaf(tape, {n, n}, 1);
  return value_of(matmul(a, b), threads, static_cast<std::size_t>(n));
}

/// A step of Adam with a gradient that is there already.
Work adam(const std::string& name, int threads) {
  const Index n = size_in(name) * 1'000'000;
  Tape tape(DType::float32);
  const Var p = leaf(tape, {n}, 0), g = leaf(tape, {n}, 1);
  PlanOptions options;
  options.updates = nn::Adam{}(std::span(&p, 1), std::span(&g, 1)).updates;
  const auto ws =
      std::make_shared<Workspace<float>>(Plan({}, options), static_cast<unsigned>(threads));
  return {[ws] { ws->run(); }, [=] { return norm((*ws)[p].first(1000)); }};
}

/// exp, add, and sums: "stream-exp", "stream-sum-rows", ...
Work stream(const std::string& name, int threads) {
  Tape tape(DType::float32);
  const Var x = leaf(tape, {stream_rows, stream_columns}, 0);
  if (name == "stream-exp") return value_of(exp(x), threads, 1000);
  if (name == "stream-add") {
    return value_of(x + leaf(tape, {stream_rows, stream_columns}, 1), threads, 1000);
  }
  if (name == "stream-sum-rows") return value_of(sum(x, 1), threads, stream_rows);
  if (name == "stream-sum-columns") return value_of(sum(x, 0), threads, stream_columns);
  return value_of(sum(square(x)), threads, 1);
}

/// All errors and all rows of the Jacobian.
Work bundle() {
  Tape tape;
  const adbench::RecordedBundle b = record_bundle(tape, adbench::bundle_case());
  std::vector<Var> jacobian = Differentiation::joined(b.rows[0], b.rows[1]);
  jacobian.push_back(b.d_e);
  return work_of(std::make_shared<Differentiation>(jacobian, std::vector{b.r[0], b.r[1], b.e}));
}

/// The errors of all points and their derivatives by all of θ.
Work hand() {
  Tape tape;
  const adbench::RecordedHand h = record_hand(tape, adbench::make_hand());
  return work_of(std::make_shared<Differentiation>(std::vector{h.jacobian}, std::vector{h.errors}));
}

/// Throws when the result is not that of ADBench.
Work adbench_case(const adbench::Recorded& r, const adbench::Checksums& expected, bool value_only) {
  if (value_only) return replay<double>(Plan({r.cost}), r.cost);
  const auto d = std::make_shared<Differentiation>(r.gradient, std::vector{r.cost});
  d->ws.run();
  const adbench::Checksums found =
      adbench::checksums_of(d->ws[r.cost][0], elements(d->ws, r.gradient));
  if (!agree(found, expected)) {
    throw std::runtime_error(
        fmt::format("cost {:.10g}, norm {:.10g}, sum of cosines {:.10g}; "
                    "ADBench has {:.10g}, {:.10g}, {:.10g}",
                    found.cost, found.norm, found.cosine_sum, expected.cost, expected.norm,
                    expected.cosine_sum));
  }
  return work_of(d);
}

Work adbench_case(const std::string& name) {
  const bool value_only = name.ends_with("-value");
  Tape tape;
  if (name.starts_with("lstm")) {
    const adbench::LstmInput in = adbench::read_lstm();
    return adbench_case(record_lstm(tape, in), in.expected, value_only);
  }
  const adbench::GmmInput in = adbench::read_gmm(name.substr(0, 6));
  return adbench_case(record_gmm(tape, in), in.expected, value_only);
}

Work make(const std::string& name, int threads) {
  if (name.starts_with("gc-")) return check(name, threads);
  if (name.starts_with("chain-")) return chain(name);
  if (name == "ba") return bundle();
  if (name == "hand") return hand();
  if (name.starts_with("gmm-") || name == "lstm" || name == "lstm-value") return adbench_case(name);
  if (!dense_sizes(name).empty()) return training(Mlp(name, DType::float32), threads);
  if (name == "d") return training(LeNet5(DType::float32), threads);
  if (is_recurrent(name)) return training(RecurrentClassifier(name, DType::float32), threads);
  if (is_encoder(name)) return training(EncoderClassifier(name, DType::float32), threads);
  if (name == "embedding") return training(TextClassifier(DType::float32), threads);
  if (is_convolutional(name)) {
    return training(ConvolutionalClassifier(name, DType::float32), threads);
  }
  if (name.starts_with("product-")) return product(name, threads);
  if (name.starts_with("adam-")) return adam(name, threads);
  if (name.starts_with("stream-")) return stream(name, threads);
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
