#include <cmath>
#include <memory>

#include "benchmarks/adbench/input.hpp"
#include "benchmarks/peers/libtorch.hpp"

namespace dtheta::bench {
namespace {

double norm_of(const std::vector<Tensor>& gradient) {
  double sum = 0;
  for (const Tensor& g : gradient) sum += g.square().sum().item<double>();
  return std::sqrt(sum);
}

}  // namespace

Work libtorch_gmm(const std::string& name) {
  const adbench::GmmInput in = adbench::read_gmm(name);
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

Work libtorch_lstm() {
  const adbench::LstmInput in = adbench::read_lstm();
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

}  // namespace dtheta::bench
