#include <cblas.h>

#include <array>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "benchmarks/cases.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {
namespace {

/// Case a: everything fits in registers and cache lines, so plain loops of known length.
class SmallStep {
 public:
  SmallStep() {
    const NetworkData n = network_data("a");
    const auto fill = [](auto& to, const std::vector<float>& from) {
      std::copy(from.begin(), from.end(), to.begin());
    };
    fill(x_, n.x<float>());
    fill(y_, n.labels<float>());
    fill(first_.w, n.parameter<float>(0));
    fill(first_.b, n.parameter<float>(1));
    fill(second_.w, n.parameter<float>(2));
    fill(second_.b, n.parameter<float>(3));
    fill(third_.w, n.parameter<float>(4));
    fill(third_.b, n.parameter<float>(5));
  }

  void run() {
    std::array<float, batch * 6> a1{}, d1{};
    std::array<float, batch * 3> a2{}, d2{};
    std::array<float, batch> z{}, d3{};
    first_.forward(x_, a1);
    for (float& v : a1) v = v > 0 ? v : 0;
    second_.forward(a1, a2);
    for (float& v : a2) v = v > 0 ? v : 0;
    third_.forward(a2, z);
    cost_ = 0;
    for (std::size_t i = 0; i < batch; ++i) {
      // -(y log p + (1 - y) log(1 - p)) for p = sigmoid(z); its derivative by z is p - y.
      const float e = std::exp(-std::abs(z[i])), p = (z[i] >= 0 ? 1 : e) / (1 + e);
      cost_ += (std::max(z[i], 0.0F) - z[i] * y_[i] + std::log1p(e)) / batch;
      d3[i] = (p - y_[i]) / batch;
    }
    third_.pull_back(d3, a2, d2);
    second_.pull_back(d2, a1, d1);
    first_.update(d1, x_);
    second_.update(d2, a1);
    third_.update(d3, a2);
  }
  [[nodiscard]] double cost() const { return static_cast<double>(cost_); }

 private:
  static constexpr std::size_t batch = 4;

  template <std::size_t In, std::size_t Out>
  struct Layer {
    std::array<float, Out * In> w;
    std::array<float, Out> b;

    void forward(const std::array<float, batch * In>& x, std::array<float, batch * Out>& z) const {
      for (std::size_t i = 0; i < batch; ++i) {
        for (std::size_t j = 0; j < Out; ++j) {
          float sum = b[j];
          for (std::size_t k = 0; k < In; ++k) sum += x[i * In + k] * w[j * In + k];
          z[i * Out + j] = sum;
        }
      }
    }
    /// The derivative by what relu made from x's layer.
    void pull_back(const std::array<float, batch * Out>& d, const std::array<float, batch * In>& x,
                   std::array<float, batch * In>& dx) const {
      for (std::size_t i = 0; i < batch; ++i) {
        for (std::size_t k = 0; k < In; ++k) {
          float sum = 0;
          for (std::size_t j = 0; j < Out; ++j) sum += d[i * Out + j] * w[j * In + k];
          dx[i * In + k] = x[i * In + k] > 0 ? sum : 0;
        }
      }
    }
    void update(const std::array<float, batch * Out>& d, const std::array<float, batch * In>& x) {
      constexpr auto rate = static_cast<float>(learning_rate);
      for (std::size_t i = 0; i < batch; ++i) {
        for (std::size_t j = 0; j < Out; ++j) {
          const float step = rate * d[i * Out + j];
          for (std::size_t k = 0; k < In; ++k) w[j * In + k] -= step * x[i * In + k];
          b[j] -= step;
        }
      }
    }
  };

  std::array<float, batch * 5> x_{};
  std::array<float, batch> y_{};
  Layer<5, 6> first_{};
  Layer<6, 3> second_{};
  Layer<3, 1> third_{};
  float cost_ = 0;
};

/// Cases b and c: matrix products by BLAS, loops for the rest. `merged`: the products that make the
/// derivatives of the weights also subtract them, so that they never stand anywhere.
class LargeStep {
 public:
  LargeStep(const std::string& name, bool merged)
      : batch_(network_data(name).batch), merged_(merged) {
    const NetworkData n = network_data(name);
    const std::vector<std::int64_t> sizes = dense_sizes(name);
    labels_ = n.labels<int>();
    a_.push_back(n.x<float>());
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      w_.push_back(n.parameter<float>(2 * l - 2));
      b_.push_back(n.parameter<float>(2 * l - 1));
      size_.emplace_back(static_cast<int>(sizes[l - 1]), static_cast<int>(sizes[l]));
      a_.emplace_back(static_cast<std::size_t>(batch_ * sizes[l]));
      d_.emplace_back(a_.back().size());
    }
  }

  void run() {
    for (std::size_t l = 0; l < w_.size(); ++l) forward(l);
    softmax_cross_entropy();
    for (std::size_t l = w_.size(); l-- > 0;) backward(l);
  }
  [[nodiscard]] double cost() const { return static_cast<double>(cost_); }

 private:
  void forward(std::size_t l) {
    const auto [in, out] = size_[l];
    std::vector<float>& z = a_[l + 1];
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows(), out, in, 1, a_[l].data(), in,
                w_[l].data(), in, 0, z.data(), out);
    const bool last = l + 1 == w_.size();
    for (int i = 0; i < rows(); ++i) {
      float* row = z.data() + i * out;
      for (int j = 0; j < out; ++j) {
        const float v = row[j] + b_[l][static_cast<std::size_t>(j)];
        row[j] = last || v > 0 ? v : 0;
      }
    }
  }

  void softmax_cross_entropy() {
    const int classes = size_.back().second;
    const float share = 1 / static_cast<float>(batch_);
    cost_ = 0;
    for (int i = 0; i < rows(); ++i) {
      const float* z = a_.back().data() + i * classes;
      float* d = d_.back().data() + i * classes;
      const float top = *std::max_element(z, z + classes);
      float sum = 0;
      for (int j = 0; j < classes; ++j) sum += d[j] = std::exp(z[j] - top);
      for (int j = 0; j < classes; ++j) d[j] *= share / sum;
      const int label = labels_[static_cast<std::size_t>(i)];
      d[label] -= share;
      cost_ += share * (top + std::log(sum) - z[label]);
    }
  }

  /// The derivative by the layer's input (but not by the data), then its update.
  void backward(std::size_t l) {
    const auto [in, out] = size_[l];
    const float* d = d_[l].data();
    constexpr auto rate = static_cast<float>(learning_rate);
    if (l > 0) {
      std::vector<float>& below = d_[l - 1];
      cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows(), in, out, 1, d, out,
                  w_[l].data(), in, 0, below.data(), in);
      for (std::size_t i = 0; i < below.size(); ++i) below[i] = a_[l][i] > 0 ? below[i] : 0;
    }
    std::vector<float>& w = w_[l];
    if (merged_) {
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, rows(), -rate, d, out,
                  a_[l].data(), in, 1, w.data(), in);
    } else {
      gradient_.resize(std::max(gradient_.size(), w.size()));
      cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, out, in, rows(), 1, d, out, a_[l].data(),
                  in, 0, gradient_.data(), in);
      for (std::size_t i = 0; i < w.size(); ++i) w[i] -= rate * gradient_[i];
    }
    for (int i = 0; i < rows(); ++i) {
      for (int j = 0; j < out; ++j) b_[l][static_cast<std::size_t>(j)] -= rate * d[i * out + j];
    }
  }

  [[nodiscard]] int rows() const { return static_cast<int>(batch_); }

  std::int64_t batch_;
  bool merged_;
  std::vector<int> labels_;
  std::vector<std::pair<int, int>> size_;          // in and out of each layer
  std::vector<std::vector<float>> w_, b_, a_, d_;  // a_[0] is the data, a_[l + 1] what layer l says
  std::vector<float> gradient_;                    // of one layer's weights
  float cost_ = 0;
};

template <class Step, class... A>
Work work_of(A&&... arguments) {
  const auto step = std::make_shared<Step>(arguments...);
  return {[step] { step->run(); }, [step] { return step->cost(); }};
}

}  // namespace

Work dense_step(const std::string& name, int threads) {
  if (name == "a") return threads == 1 ? work_of<SmallStep>() : Work{};
  openblas_set_num_threads(threads);
  return work_of<LargeStep>(name.substr(0, 1), name.ends_with("-merged"));
}

}  // namespace dtheta::bench::floor
