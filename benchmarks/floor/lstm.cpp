#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "benchmarks/adbench/input.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {
namespace {

/// ADBench's LSTM by loops, forward through time and back.
class Recurrent {
 public:
  Recurrent()
      : in_(adbench::read_lstm()),
        l_(static_cast<std::size_t>(in_.l)),
        b_(static_cast<std::size_t>(in_.b)),
        steps_(static_cast<std::size_t>(in_.c) - 1),
        cells_((steps_ + 1) * l_ * b_),
        outputs_(steps_ * b_),
        gradient(in_.main.size() + in_.extra.size()) {}

  double value() {
    start();
    double sum = 0;
    for (std::size_t t = 0; t < steps_; ++t) {
      forward(t);
      sum += prediction(t);
    }
    return -sum / static_cast<double>(steps_ * b_);
  }

  double value_and_gradient() {
    const double cost = value();
    std::ranges::fill(gradient, 0.0);
    d_h_.assign(l_ * b_, 0);
    d_c_.assign(l_ * b_, 0);
    for (std::size_t t = steps_; t-- > 0;) backward(t);
    return cost;
  }

 private:
  /// One cell after a step, and what its gates let through.
  struct Cell {
    double h, c, forget, in, out, change, tanh_c;
  };

  Cell* cells(std::size_t t, std::size_t layer) {  // t = 0: before the first step
    return cells_.data() + (t * l_ + layer) * b_;
  }
  [[nodiscard]] const double* weight(std::size_t layer) const {
    return in_.main.data() + layer * 8 * b_;
  }
  [[nodiscard]] const double* bias(std::size_t layer) const { return weight(layer) + 4 * b_; }
  /// What layer `layer` sees at step t.
  double input(std::size_t t, std::size_t layer, std::size_t j) {
    return layer == 0 ? in_.sequence[t * b_ + j] * in_.extra[j] : cells(t + 1, layer - 1)[j].h;
  }
  static double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

  void start() {
    for (std::size_t k = 0; k < l_; ++k) {
      for (std::size_t j = 0; j < b_; ++j) {
        cells(0, k)[j].h = in_.state[2 * k * b_ + j];
        cells(0, k)[j].c = in_.state[(2 * k + 1) * b_ + j];
      }
    }
  }

  void forward(std::size_t t) {
    for (std::size_t k = 0; k < l_; ++k) {
      const double *w = weight(k), *v = bias(k);
      for (std::size_t j = 0; j < b_; ++j) {
        const Cell& before = cells(t, k)[j];
        Cell& now = cells(t + 1, k)[j];
        const double x = input(t, k, j);
        now.forget = sigmoid(x * w[j] + v[j]);
        now.in = sigmoid(before.h * w[b_ + j] + v[b_ + j]);
        now.out = sigmoid(x * w[2 * b_ + j] + v[2 * b_ + j]);
        now.change = std::tanh(before.h * w[3 * b_ + j] + v[3 * b_ + j]);
        now.c = before.c * now.forget + now.in * now.change;
        now.tanh_c = std::tanh(now.c);
        now.h = now.out * now.tanh_c;
      }
    }
  }

  /// The log-likelihood of the next character; leaves exp(y) / (2 + sum of exp(y)) in outputs_.
  double prediction(std::size_t t) {
    const double *out_weight = in_.extra.data() + b_, *out_bias = out_weight + b_;
    const double* next = in_.sequence.data() + (t + 1) * b_;
    double* share = outputs_.data() + t * b_;
    double sum = 0, fit = 0, weight_of_next = 0;
    for (std::size_t j = 0; j < b_; ++j) {
      const double y = cells(t + 1, l_ - 1)[j].h * out_weight[j] + out_bias[j];
      share[j] = std::exp(y);
      sum += share[j];
      fit += next[j] * y;
      weight_of_next += next[j];
    }
    for (std::size_t j = 0; j < b_; ++j) share[j] /= 2 + sum;
    return fit - weight_of_next * std::log(2 + sum);
  }

  void backward(std::size_t t) {
    output_gradient(t);
    for (std::size_t k = l_; k-- > 0;) {
      const double* w = weight(k);
      double *d_w = gradient.data() + k * 8 * b_, *d_v = d_w + 4 * b_;
      double *d_h = d_h_.data() + k * b_, *d_c = d_c_.data() + k * b_;
      for (std::size_t j = 0; j < b_; ++j) {
        const Cell &before = cells(t, k)[j], &now = cells(t + 1, k)[j];
        const double dh = d_h[j], dc = d_c[j] + dh * now.out * (1 - now.tanh_c * now.tanh_c);
        // By the arguments of the gates: sigmoid' = s (1 - s), tanh' = 1 - tanh^2.
        const double forget = dc * before.c * now.forget * (1 - now.forget);
        const double in = dc * now.change * now.in * (1 - now.in);
        const double out = dh * now.tanh_c * now.out * (1 - now.out);
        const double change = dc * now.in * (1 - now.change * now.change);
        const double x = input(t, k, j);
        d_w[j] += forget * x;
        d_w[b_ + j] += in * before.h;
        d_w[2 * b_ + j] += out * x;
        d_w[3 * b_ + j] += change * before.h;
        d_v[j] += forget;
        d_v[b_ + j] += in;
        d_v[2 * b_ + j] += out;
        d_v[3 * b_ + j] += change;
        d_c[j] = dc * now.forget;
        d_h[j] = in * w[b_ + j] + change * w[3 * b_ + j];
        const double dx = forget * w[j] + out * w[2 * b_ + j];
        if (k > 0) {
          d_h_[(k - 1) * b_ + j] += dx;
        } else {
          gradient[in_.main.size() + j] += dx * in_.sequence[t * b_ + j];
        }
      }
    }
  }

  void output_gradient(std::size_t t) {
    const double* out_weight = in_.extra.data() + b_;
    const double* next = in_.sequence.data() + (t + 1) * b_;
    double *d_weight = gradient.data() + in_.main.size() + b_, *d_bias = d_weight + b_;
    double* d_h = d_h_.data() + (l_ - 1) * b_;
    const double weight_of_next = std::accumulate(next, next + b_, 0.0);
    for (std::size_t j = 0; j < b_; ++j) {
      const double dy =
          (weight_of_next * outputs_[t * b_ + j] - next[j]) / static_cast<double>(steps_ * b_);
      d_weight[j] += dy * cells(t + 1, l_ - 1)[j].h;
      d_bias[j] += dy;
      d_h[j] += dy * out_weight[j];
    }
  }

  adbench::LstmInput in_;
  std::size_t l_, b_, steps_;
  std::vector<Cell> cells_;
  std::vector<double> outputs_, d_h_, d_c_;

 public:
  std::vector<double> gradient;
};

}  // namespace

Work lstm(const std::string& name) {
  const auto net = std::make_shared<Recurrent>();
  const auto cost = std::make_shared<double>(0);
  if (name.ends_with("-value")) return {[=] { *cost = net->value(); }, [=] { return *cost; }};
  return {[=] { net->value_and_gradient(); },
          [=] {
            const std::vector<double>& g = net->gradient;
            return std::sqrt(std::inner_product(g.begin(), g.end(), g.begin(), 0.0));
          }};
}

}  // namespace dtheta::bench::floor
