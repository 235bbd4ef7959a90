// The cases as a user of libtorch would write them: its own layers, autograd, SGD.

#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/torch.h>

#include <memory>

#include "benchmarks/adbench/input.hpp"
#include "benchmarks/cases.hpp"
#include "benchmarks/work.hpp"

namespace dtheta::bench {
namespace {

using torch::Tensor;
namespace F = torch::nn::functional;

template <class T>
Tensor tensor(const std::vector<T>& values, const std::vector<std::int64_t>& shape) {
  return torch::tensor(values, c10::CppTypeToScalarType<T>::value).reshape(shape);
}

/// Data, parameters that want a derivative, and what the network says of the data.
template <class T>
struct Model {
  explicit Model(const std::string& name) : network(network_data(name)), name(name) {
    x = tensor(network.x<T>(), network.input);
    if (network.classes == 1) {
      y = tensor(network.labels<T>(), {network.batch, 1});
    } else {
      y = tensor(network.labels<std::int64_t>(), {network.batch});
    }
    for (std::size_t k = 0; k < network.parameters.size(); ++k) {
      p.push_back(tensor(network.parameter<T>(k), network.parameters[k].shape).requires_grad_());
    }
    if (name == "e") {
      layer = torch::nn::LSTM(128, 128);
      for (std::size_t k = 0; k < 4; ++k) layer->all_weights()[k].set_data(p[k].detach());
      for (std::size_t k = 0; k < 4; ++k) p[k] = layer->all_weights()[k];
    }
  }

  [[nodiscard]] Tensor cost() {
    const Tensor z = output();
    return network.classes == 1 ? F::binary_cross_entropy_with_logits(z, y)
                                : F::cross_entropy(z, y);
  }

  [[nodiscard]] Tensor output() {
    return name == "d" ? lenet() : name == "e" ? lstm() : name == "f" ? encoder() : dense();
  }

  [[nodiscard]] Tensor dense() const {
    Tensor a = x;
    for (std::size_t k = 0; k < p.size(); k += 2) {
      a = F::linear(a, p[k], p[k + 1]);
      if (k + 2 < p.size()) a = torch::relu(a);
    }
    return a;
  }
  [[nodiscard]] Tensor lenet() const {
    Tensor a = torch::max_pool2d(torch::relu(torch::conv2d(x, p[0], p[1], 1, 2)), 2);
    a = torch::max_pool2d(torch::relu(torch::conv2d(a, p[2], p[3])), 2).flatten(1);
    a = torch::relu(F::linear(a, p[4], p[5]));
    a = torch::relu(F::linear(a, p[6], p[7]));
    return F::linear(a, p[8], p[9]);
  }
  [[nodiscard]] Tensor lstm() { return F::linear(std::get<0>(layer->forward(x))[-1], p[4], p[5]); }
  [[nodiscard]] Tensor encoder() const {
    const std::int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
    const auto heads = [&](const Tensor& t) {
      return t.reshape({batch, length, encoder_heads, width / encoder_heads}).transpose(1, 2);
    };
    const std::vector<Tensor> qkv = F::linear(x, p[0], p[1]).chunk(3, -1);
    const Tensor q = heads(qkv[0]), k = heads(qkv[1]), v = heads(qkv[2]);
    const double scale = 1 / std::sqrt(static_cast<double>(width / encoder_heads));
    const Tensor weights = torch::softmax(torch::matmul(q * scale, k.transpose(-2, -1)), -1);
    const Tensor mixed = torch::matmul(weights, v).transpose(1, 2).reshape({batch, length, width});
    const Tensor y1 = torch::layer_norm(x + F::linear(mixed, p[2], p[3]), {width}, p[4], p[5]);
    const Tensor hidden = torch::relu(F::linear(y1, p[6], p[7]));
    const Tensor z = torch::layer_norm(y1 + F::linear(hidden, p[8], p[9]), {width}, p[10], p[11]);
    return F::linear(z.mean(1), p[12], p[13]);
  }

  NetworkData network;
  std::string name;
  Tensor x, y;
  std::vector<Tensor> p;
  torch::nn::LSTM layer{nullptr};
};

Work training(const std::string& name) {
  const auto model = std::make_shared<Model<float>>(name);
  const auto sgd = std::make_shared<torch::optim::SGD>(model->p, learning_rate);
  const auto last = std::make_shared<Tensor>();
  return {[=] {
            for (Tensor& p : model->p) p.mutable_grad() = Tensor();  // cheaper than zeros
            *last = model->cost();
            last->backward();
            sgd->step();
          },
          [=] { return last->template item<double>(); }};
}

/// What torch.autograd.gradcheck does in its slow mode: two-sided differences, one forward pass for
/// each side of each parameter, against the gradient of one backward pass.
Work check(const std::string& name) {
  const auto model = std::make_shared<Model<double>>(name);
  const auto norm = std::make_shared<double>(0);
  return {[=] {
            torch::autograd::grad({model->cost()}, model->p);
            const torch::NoGradGuard no_grad;
            constexpr double epsilon = 1e-7;
            double sum = 0;
            for (const Tensor& p : model->p) {
              double* theta = p.data_ptr<double>();
              for (std::int64_t i = 0; i < p.numel(); ++i) {
                const double kept = theta[i];
                theta[i] = kept + epsilon;
                const double above = model->cost().template item<double>();
                theta[i] = kept - epsilon;
                const double numeric =
                    (above - model->cost().template item<double>()) / (2 * epsilon);
                theta[i] = kept;
                sum += numeric * numeric;
              }
            }
            *norm = std::sqrt(sum);
          },
          [=] { return *norm; }, 1, 1};
}

Work chain(std::int64_t width) {
  const auto vector = [=](std::uint64_t stream, double scale, double offset) {
    return tensor(numbers<float>(static_cast<std::size_t>(width), stream, scale, offset), {width})
        .requires_grad_();
  };
  const Tensor x = vector(0, 1, 0), w = vector(1, 0.01, 1), b = vector(2, 0.01, 0);
  const auto last = std::make_shared<Tensor>();
  return {[=] {
            Tensor y = x;
            for (int i = 0; i < chain_ops / 2; ++i) y = y * w + b;
            *last = y.sum();
            torch::autograd::grad({*last}, {x, w, b});
          },
          [=] { return last->template item<double>(); }, chain_ops};
}

double norm_of(const std::vector<Tensor>& gradient) {
  double sum = 0;
  for (const Tensor& g : gradient) sum += g.square().sum().item<double>();
  return std::sqrt(sum);
}

Work gmm(const adbench::GmmInput& in) {
  const std::int64_t n = in.n, d = in.d, K = in.k;
  const Tensor alpha = tensor(in.alpha, {K}).requires_grad_();
  const Tensor mu = tensor(in.mu, {K, d}).requires_grad_();
  const Tensor icf = tensor(in.icf, {K, d * (d + 1) / 2}).requires_grad_();
  const Tensor x = tensor(in.x, {n, d});
  // Where each entry below the diagonal stands, column by column.
  std::vector<std::int64_t> places;
  for (std::int64_t j = 0; j < d; ++j) {
    for (std::int64_t i = j + 1; i < d; ++i) places.push_back(i * d + j);
  }
  const Tensor place = torch::tensor(places).expand({K, static_cast<std::int64_t>(places.size())});
  const double constant = adbench::constant_term(in), gamma = in.gamma, m = in.m;
  const auto last = std::make_shared<std::vector<Tensor>>();
  return {[=] {
            const Tensor logs = icf.slice(1, 0, d), s = logs.sum(1);
            const Tensor lower =
                torch::zeros({K, d * d}, torch::kFloat64).scatter(1, place, icf.slice(1, d));
            const Tensor q = lower.reshape({K, d, d}) + torch::diag_embed(logs.exp());
            const Tensor centred = (x.unsqueeze(1) - mu).transpose(0, 1);  // (K, n, d)
            const Tensor mapped = torch::matmul(centred, q.transpose(1, 2));
            const Tensor terms = (alpha + s).unsqueeze(1) - 0.5 * mapped.square().sum(2);
            const Tensor J = constant + torch::logsumexp(terms, 0).sum() -
                             static_cast<double>(n) * torch::logsumexp(alpha, 0) +
                             0.5 * gamma * gamma * q.square().sum() - m * s.sum();
            *last = torch::autograd::grad({J}, {alpha, mu, icf});
          },
          [=] { return norm_of(*last); }};
}

Work recurrent(const adbench::LstmInput& in) {
  const std::int64_t b = in.b, l = in.l, c = in.c;
  const Tensor main = tensor(in.main, {2 * l, 4, b}).requires_grad_();
  const Tensor extra = tensor(in.extra, {3, b}).requires_grad_();
  const Tensor state = tensor(in.state, {2 * l, b}), sequence = tensor(in.sequence, {c, b});
  const auto last = std::make_shared<std::vector<Tensor>>();
  return {[=] {
            std::vector<Tensor> h, memory, weight, bias, outputs;
            for (std::int64_t k = 0; k < l; ++k) {
              h.push_back(state[2 * k]);
              memory.push_back(state[2 * k + 1]);
            }
            const std::vector<Tensor> rows = main.unbind();
            const Tensor inputs = sequence * extra[0];
            for (std::int64_t t = 0; t + 1 < c; ++t) {
              Tensor x = inputs[t];
              for (std::int64_t k = 0; k < l; ++k) {
                const auto u = static_cast<std::size_t>(k);
                const Tensor& w = rows[2 * u];
                const Tensor& v = rows[2 * u + 1];
                const Tensor gates = torch::stack({x, h[u], x, h[u]}) * w + v;
                const Tensor open = torch::sigmoid(gates.slice(0, 0, 3)), g = torch::tanh(gates[3]);
                memory[u] = memory[u] * open[0] + open[1] * g;
                h[u] = open[2] * torch::tanh(memory[u]);
                x = h[u];
              }
              outputs.push_back(x);
            }
            const Tensor y = torch::stack(outputs) * extra[1] + extra[2];
            const Tensor logs = torch::log(2 + y.exp().sum(1, true));
            const Tensor J =
                -(sequence.slice(0, 1) * (y - logs)).sum() / static_cast<double>((c - 1) * b);
            *last = torch::autograd::grad({J}, {main, extra});
          },
          [=] { return norm_of(*last); }};
}

Work make(const std::string& name, int threads) {
  at::set_num_threads(threads);
  if (name.starts_with("gc-")) return check(name);
  if (name.starts_with("chain-1-")) return chain(1);
  if (name.starts_with("chain-16-")) return chain(16);
  if (name == "gmm-25" || name == "gmm-50") return gmm(adbench::read_gmm(name));
  if (name == "lstm") return recurrent(adbench::read_lstm());
  if (name.size() == 1) return training(name);
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
