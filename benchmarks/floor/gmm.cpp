#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "benchmarks/adbench/input.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {
namespace {

using adbench::GmmInput;

/// The mixture by loops over points and components.
class Mixture {
 public:
  explicit Mixture(const std::string& name)
      : in_(adbench::read_gmm(name)),
        d_(static_cast<std::size_t>(in_.d)),
        k_(static_cast<std::size_t>(in_.k)),
        icf_size_(d_ * (d_ + 1) / 2),
        constant_(adbench::constant_term(in_)),
        diagonal_(k_ * d_),
        log_sum_(k_),
        term_(k_),
        offset_(k_ * d_),
        mapped_(k_ * d_),
        gradient(k_ + k_ * d_ + k_ * icf_size_) {}

  /// J alone.
  double value() {
    prepare();
    double cost = prior();
    for (std::size_t i = 0; i < static_cast<std::size_t>(in_.n); ++i) cost += terms_of(i);
    return cost;
  }

  /// J, and its derivatives into `gradient`.
  double value_and_gradient() {
    prepare();
    std::ranges::fill(gradient, 0.0);
    double cost = prior();
    for (std::size_t i = 0; i < static_cast<std::size_t>(in_.n); ++i) {
      const double log_sum = terms_of(i);
      cost += log_sum;
      for (std::size_t k = 0; k < k_; ++k) pull_back(k, std::exp(term_[k] - log_sum));
    }
    prior_gradient();
    return cost;
  }

 private:
  /// exp of the diagonals and the sums of their logs.
  void prepare() {
    for (std::size_t k = 0; k < k_; ++k) {
      const double* logs = icf(k);
      log_sum_[k] = std::accumulate(logs, logs + d_, 0.0);
      for (std::size_t j = 0; j < d_; ++j) diagonal_[k * d_ + j] = std::exp(logs[j]);
    }
  }

  /// What does not depend on the points.
  double prior() const {
    double squares = 0, logs = 0;
    for (std::size_t k = 0; k < k_; ++k) {
      for (std::size_t j = 0; j < d_; ++j) squares += diagonal_[k * d_ + j] * diagonal_[k * d_ + j];
      for (std::size_t j = d_; j < icf_size_; ++j) squares += icf(k)[j] * icf(k)[j];
      logs += log_sum_[k];
    }
    return constant_ - in_.n * log_sum_exp(in_.alpha) + 0.5 * in_.gamma * in_.gamma * squares -
           in_.m * logs;
  }

  /// The logarithm of point i's density; leaves each component's share in term_, x - mu in offset_
  /// and Q (x - mu) in mapped_.
  double terms_of(std::size_t i) {
    const double* x = in_.x.data() + i * d_;
    for (std::size_t k = 0; k < k_; ++k) {
      const double* mu = in_.mu.data() + k * d_;
      const double* column = icf(k) + d_;
      double* offset = offset_.data() + k * d_;
      double* mapped = mapped_.data() + k * d_;
      for (std::size_t j = 0; j < d_; ++j) {
        offset[j] = x[j] - mu[j];
        mapped[j] = diagonal_[k * d_ + j] * offset[j];
      }
      for (std::size_t j = 0; j < d_; ++j) {
        for (std::size_t r = j + 1; r < d_; ++r) mapped[r] += *column++ * offset[j];
      }
      double squares = 0;
      for (std::size_t j = 0; j < d_; ++j) squares += mapped[j] * mapped[j];
      term_[k] = in_.alpha[k] + log_sum_[k] - 0.5 * squares;
    }
    return log_sum_exp(term_);
  }

  /// Adds the derivative of one point's term of component k, which weighs `share`:
  /// d(-|Q (x - mu)|^2 / 2) = -mapped . (dQ (x - mu) - Q dmu).
  void pull_back(std::size_t k, double share) {
    const double* offset = offset_.data() + k * d_;
    const double* mapped = mapped_.data() + k * d_;
    const double* column = icf(k) + d_;
    double* d_alpha = gradient.data() + k;
    double* d_mu = gradient.data() + k_ + k * d_;
    double* d_icf = gradient.data() + k_ + k_ * d_ + k * icf_size_;
    double* d_column = d_icf + d_;
    *d_alpha += share;
    for (std::size_t j = 0; j < d_; ++j) {
      const double diagonal = diagonal_[k * d_ + j];
      double pulled = diagonal * mapped[j];
      d_icf[j] += share * (1 - mapped[j] * diagonal * offset[j]);
      for (std::size_t r = j + 1; r < d_; ++r) {
        pulled += *column++ * mapped[r];
        *d_column++ -= share * mapped[r] * offset[j];
      }
      d_mu[j] += share * pulled;
    }
  }

  void prior_gradient() {
    const double log_sum = log_sum_exp(in_.alpha), weight = in_.gamma * in_.gamma;
    for (std::size_t k = 0; k < k_; ++k) {
      gradient[k] -= in_.n * std::exp(in_.alpha[k] - log_sum);
      double* d_icf = gradient.data() + k_ + k_ * d_ + k * icf_size_;
      for (std::size_t j = 0; j < d_; ++j) {
        d_icf[j] += weight * diagonal_[k * d_ + j] * diagonal_[k * d_ + j] - in_.m;
      }
      for (std::size_t j = d_; j < icf_size_; ++j) d_icf[j] += weight * icf(k)[j];
    }
  }

  static double log_sum_exp(const std::vector<double>& v) {
    const double top = *std::ranges::max_element(v);
    double sum = 0;
    for (const double e : v) sum += std::exp(e - top);
    return top + std::log(sum);
  }
  [[nodiscard]] const double* icf(std::size_t k) const { return in_.icf.data() + k * icf_size_; }

  GmmInput in_;
  std::size_t d_, k_, icf_size_;
  double constant_;
  std::vector<double> diagonal_, log_sum_;      // of Q: exp of the logs; sums of the logs
  std::vector<double> term_, offset_, mapped_;  // of one point, for each component

 public:
  std::vector<double> gradient;
};

}  // namespace

Work gmm(const std::string& name) {
  const auto mixture = std::make_shared<Mixture>(name.substr(0, 6));
  const auto cost = std::make_shared<double>(0);
  if (name.ends_with("-value")) {
    return {[=] { *cost = mixture->value(); }, [=] { return *cost; }};
  }
  return {[=] { mixture->value_and_gradient(); },
          [=] {
            const std::vector<double>& g = mixture->gradient;
            return std::sqrt(std::inner_product(g.begin(), g.end(), g.begin(), 0.0));
          }};
}

}  // namespace dtheta::bench::floor
