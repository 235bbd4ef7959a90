#pragma once

#include <cmath>
#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

/// The inputs of ADBench (data/, MIT licence) and what is known about them. Needs std only: peers
/// read them too.
namespace dtheta::bench::adbench {

/// What a gradient must be, to nine digits: the cost, the norm, and the sum over i of g_i cos(i).
struct Checksums {
  double cost;
  double norm;
  double cosine_sum;
};

inline Checksums checksums_of(double cost, const std::vector<double>& gradient) {
  Checksums sums{cost, 0, 0};
  for (std::size_t i = 0; i < gradient.size(); ++i) {
    sums.norm += gradient[i] * gradient[i];
    sums.cosine_sum += gradient[i] * std::cos(static_cast<double>(i));
  }
  sums.norm = std::sqrt(sums.norm);
  return sums;
}

/// Whether two sets agree to nine digits.
inline bool agree(const Checksums& a, const Checksums& b) {
  const auto near = [](double x, double y) { return std::abs(x - y) <= 1e-9 * std::abs(y); };
  return near(a.cost, b.cost) && near(a.norm, b.norm) && near(a.cosine_sum, b.cosine_sum);
}

/// A Gaussian mixture of k components in d dimensions with a Wishart prior, and n points.
struct GmmInput {
  int d, k, n;
  std::vector<double> alpha;  // (k)
  std::vector<double> mu;     // (k, d)
  std::vector<double> icf;    // (k, d (d + 1) / 2): logs of the diagonal, then the columns below it
  std::vector<double> x;      // (n, d)
  double gamma;
  int m;
  Checksums expected;
};

/// A character LSTM of l layers of b cells each, over c characters; every product is elementwise.
struct LstmInput {
  int l, c, b;
  std::vector<double> main;      // (2 l, 4, b): weights, then biases, of each layer's gates
  std::vector<double> extra;     // (3, b): in_weight, out_weight, out_bias
  std::vector<double> state;     // (2 l, b): hidden, then cell, of each layer
  std::vector<double> sequence;  // (c, b)
  Checksums expected;
};

/// Numbers separated by whitespace.
class NumberFile {
 public:
  explicit NumberFile(const std::string& name)
      : path_(std::string(DTHETA_ADBENCH_DATA "/") + name), in_(path_) {
    if (!in_) throw std::runtime_error("cannot read " + path_);
  }
  template <class T>
  void read(T& value) {
    if (!(in_ >> value)) throw std::runtime_error(path_ + ": ends too soon or is no number");
  }
  void read(std::vector<double>& values, int count) {
    values.resize(static_cast<std::size_t>(count));
    for (double& v : values) read(v);
  }

 private:
  std::string path_;
  std::ifstream in_;
};

/// "gmm-25" or "gmm-50", by the number of components.
inline GmmInput read_gmm(const std::string& name) {
  const bool large = name == "gmm-50";
  NumberFile file(large ? "gmm_d10_K50.txt" : "gmm_d10_K25.txt");
  GmmInput in;
  file.read(in.d);
  file.read(in.k);
  file.read(in.n);
  file.read(in.alpha, in.k);
  file.read(in.mu, in.k * in.d);
  file.read(in.icf, in.k * in.d * (in.d + 1) / 2);
  file.read(in.x, in.n * in.d);
  file.read(in.gamma);
  file.read(in.m);
  in.expected = large ? Checksums{-19155.98085, 1671.289443, -1051.655106}
                      : Checksums{-25649.65262, 2662.398601, 1820.428906};
  return in;
}

inline LstmInput read_lstm() {
  NumberFile file("lstm_l2_c1024.txt");
  LstmInput in;
  file.read(in.l);
  file.read(in.c);
  file.read(in.b);
  file.read(in.main, 2 * in.l * 4 * in.b);
  file.read(in.extra, 3 * in.b);
  file.read(in.state, 2 * in.l * in.b);
  file.read(in.sequence, in.c * in.b);
  in.expected = {0.6666651796, 0.09474138011, -0.003732878775};
  return in;
}

/// The terms of the mixture's log-likelihood that depend on no parameter:
/// -(n d / 2) log 2 pi - k C with C = N d (log gamma - log(2) / 2) - log Gamma_d(N / 2),
/// N = d + m + 1, Gamma_d the multivariate gamma function.
inline double constant_term(const GmmInput& in) {
  constexpr double pi = 3.14159265358979323846;
  const double d = in.d, N = in.d + in.m + 1;
  double log_gamma = d * (d - 1) / 4 * std::log(pi);
  for (int j = 1; j <= in.d; ++j) log_gamma += std::lgamma((N + 1 - j) / 2);
  const double C = N * d * (std::log(in.gamma) - 0.5 * std::log(2.0)) - log_gamma;
  return -in.n * d / 2 * std::log(2 * pi) - in.k * C;
}

}  // namespace dtheta::bench::adbench
