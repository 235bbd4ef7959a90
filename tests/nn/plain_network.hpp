#pragma once

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

/// The L-layer network with examples in columns, forward and backward in plain loops: what the
/// recorded one is held against. It shares no code with it.
namespace dtheta::nn::test {

using Values = std::vector<double>;

struct PlainLayer {
  std::size_t in = 0, out = 0;
  Values w, b;             // (out, in), (out)
  std::string activation;  // elementwise
};

struct PlainResult {
  double cost = 0;
  std::vector<Values> gradient;  // dW1, db1, dW2, ...
};

inline double plain_value(const std::string& f, double z) {
  if (f == "relu") return z > 0 ? z : 0;
  if (f == "leaky_relu") return z > 0 ? z : 0.01 * z;
  if (f == "sigmoid") return 1 / (1 + std::exp(-z));
  if (f == "log_sigmoid") return -std::log1p(std::exp(-z));
  if (f == "tanh") return std::tanh(z);
  if (f == "softplus") return std::log1p(std::exp(z));
  if (f == "softsign") return z / (1 + std::abs(z));
  if (f == "silu") return z / (1 + std::exp(-z));
  if (f == "elu") return z > 0 ? z : std::expm1(z);
  return z;
}

inline double plain_slope(const std::string& f, double z) {
  const double s = 1 / (1 + std::exp(-z));
  if (f == "relu") return z > 0 ? 1 : 0;
  if (f == "leaky_relu") return z > 0 ? 1 : 0.01;
  if (f == "sigmoid") return s * (1 - s);
  if (f == "log_sigmoid") return 1 - s;
  if (f == "tanh") return 1 - std::tanh(z) * std::tanh(z);
  if (f == "softplus") return s;
  if (f == "softsign") return 1 / ((1 + std::abs(z)) * (1 + std::abs(z)));
  if (f == "silu") return s * (1 + z * (1 - s));
  if (f == "elu") return z > 0 ? 1 : std::exp(z);
  return 1;
}

/// J = 1/m sum of (a - y)^2 over outputs and examples, and its gradient.
/// `x` is (in of the first layer, m), `y` (out of the last, m).
inline PlainResult plain_mse(const std::vector<PlainLayer>& layers, const Values& x,
                             const Values& y, std::size_t m) {
  std::vector<Values> z, a{x};
  for (const PlainLayer& l : layers) {
    Values sums(l.out * m), values(l.out * m);
    for (std::size_t i = 0; i < l.out; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        double sum = l.b[i];
        for (std::size_t k = 0; k < l.in; ++k) sum += l.w[i * l.in + k] * a.back()[k * m + j];
        sums[i * m + j] = sum;
        values[i * m + j] = plain_value(l.activation, sum);
      }
    }
    z.push_back(sums);
    a.push_back(values);
  }
  PlainResult result;
  Values da(y.size());
  for (std::size_t i = 0; i < y.size(); ++i) {
    const double d = a.back()[i] - y[i];
    result.cost += d * d / static_cast<double>(m);
    da[i] = 2 * d / static_cast<double>(m);
  }
  result.gradient.resize(2 * layers.size());
  for (std::size_t l = layers.size(); l-- > 0;) {
    const PlainLayer& layer = layers[l];
    Values dz(da.size()), dw(layer.w.size()), db(layer.out), before(layer.in * m);
    for (std::size_t i = 0; i < dz.size(); ++i) {
      dz[i] = da[i] * plain_slope(layer.activation, z[l][i]);
    }
    for (std::size_t i = 0; i < layer.out; ++i) {
      for (std::size_t j = 0; j < m; ++j) {
        db[i] += dz[i * m + j];
        for (std::size_t k = 0; k < layer.in; ++k) {
          dw[i * layer.in + k] += dz[i * m + j] * a[l][k * m + j];
          before[k * m + j] += layer.w[i * layer.in + k] * dz[i * m + j];
        }
      }
    }
    result.gradient[2 * l] = dw;
    result.gradient[2 * l + 1] = db;
    da = before;
  }
  return result;
}

}  // namespace dtheta::nn::test
