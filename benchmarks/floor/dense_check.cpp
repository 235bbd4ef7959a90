#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "benchmarks/cases.hpp"
#include "benchmarks/floor/floor.hpp"

namespace dtheta::bench::floor {
namespace {

/// A dense network and its cost by plain loops; weights stand as (in, out), so that the inner loop
/// runs along memory.
class PlainNetwork {
 public:
  explicit PlainNetwork(const std::string& name) : network_(network_data(name)) {
    x_ = network_.x<double>();
    y_ = network_.labels<double>();
    const std::vector<std::int64_t> sizes = dense_sizes(name);
    for (std::size_t l = 1; l < sizes.size(); ++l) {
      const auto in = static_cast<std::size_t>(sizes[l - 1]),
                 out = static_cast<std::size_t>(sizes[l]);
      const std::vector<double> w = network_.parameter<double>(2 * l - 2);
      for (std::size_t k = 0; k < in; ++k) {
        for (std::size_t j = 0; j < out; ++j) theta.push_back(w[j * in + k]);
      }
      const std::vector<double> b = network_.parameter<double>(2 * l - 1);
      theta.insert(theta.end(), b.begin(), b.end());
      layers_.push_back(
          {in, out, std::vector<double>(x_.size() / static_cast<std::size_t>(sizes[0]) * out)});
    }
  }

  std::vector<double> theta;

  [[nodiscard]] double cost() {
    const double* a = x_.data();
    const double* w = theta.data();
    for (Layer& layer : layers_) {
      apply(layer, a, w, &layer != &layers_.back());
      a = layer.z.data();
      w += (layer.in + 1) * layer.out;
    }
    return network_.classes == 1 ? binary_cross_entropy() : cross_entropy();
  }

 private:
  struct Layer {
    std::size_t in, out;
    std::vector<double> z;
  };

  void apply(Layer& layer, const double* a, const double* w, bool relu) const {
    const std::size_t in = layer.in, out = layer.out;
    const double* b = w + in * out;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      double* z = layer.z.data() + i * out;
      std::copy(b, b + out, z);
      for (std::size_t k = 0; k < in; ++k) {
        const double factor = a[i * in + k];
        for (std::size_t j = 0; j < out; ++j) z[j] += factor * w[k * out + j];
      }
      if (!relu) continue;
      for (std::size_t j = 0; j < out; ++j) z[j] = z[j] > 0 ? z[j] : 0;
    }
  }

  [[nodiscard]] double binary_cross_entropy() const {
    double sum = 0;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const double z = layers_.back().z[i];
      sum += std::max(z, 0.0) - z * y_[i] + std::log1p(std::exp(-std::abs(z)));
    }
    return sum / static_cast<double>(y_.size());
  }
  [[nodiscard]] double cross_entropy() const {
    const std::size_t classes = layers_.back().out;
    double cost = 0;
    for (std::size_t i = 0; i < y_.size(); ++i) {
      const double* z = layers_.back().z.data() + i * classes;
      const double top = *std::max_element(z, z + classes);
      double sum = 0;
      for (std::size_t j = 0; j < classes; ++j) sum += std::exp(z[j] - top);
      cost += top + std::log(sum) - z[static_cast<std::size_t>(y_[i])];
    }
    return cost / static_cast<double>(y_.size());
  }

  NetworkData network_;
  std::vector<double> x_, y_;
  std::vector<Layer> layers_;
};

}  // namespace

Work dense_check(const std::string& name) {
  const auto net = std::make_shared<PlainNetwork>(name);
  const auto numeric = std::make_shared<std::vector<double>>(net->theta.size());
  const auto check = [net, numeric] {
    constexpr double epsilon = 1e-7;
    for (std::size_t i = 0; i < numeric->size(); ++i) {
      const double kept = net->theta[i];
      net->theta[i] = kept + epsilon;
      const double above = net->cost();
      net->theta[i] = kept - epsilon;
      (*numeric)[i] = (above - net->cost()) / (2 * epsilon);
      net->theta[i] = kept;
    }
  };
  const auto norm = [numeric] {
    return std::sqrt(std::inner_product(numeric->begin(), numeric->end(), numeric->begin(), 0.0));
  };
  return {.step = check, .value = norm, .steps_to_value = 1};
}

}  // namespace dtheta::bench::floor
