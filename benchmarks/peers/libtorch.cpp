// The cases as a user of libtorch would write them: its own layers, autograd, SGD.

#include <ATen/Parallel.h>
#include <torch/csrc/api/include/torch/torch.h>

#include <functional>
#include <memory>

#include "benchmarks/cases.hpp"
#include "benchmarks/peers/libtorch.hpp"
#include "benchmarks/work.hpp"

namespace dtheta::bench {
namespace {

namespace F = torch::nn::functional;

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
    const std::int64_t width = x.size(-1);
    if (name == "gru-512")
      adopt(torch::nn::GRU(width, width));
    else if (name == "rnn-512")
      adopt(torch::nn::RNN(width, width));
    else if (is_recurrent(name))
      adopt(torch::nn::LSTM(width, width));
  }

  /// A recurrent layer with our parameters, which from then on are its.
  template <class Layer>
  void adopt(Layer layer) {
    for (std::size_t k = 0; k < 4; ++k) layer->all_weights()[k].set_data(p[k].detach());
    for (std::size_t k = 0; k < 4; ++k) p[k] = layer->all_weights()[k];
    outputs = [layer, this]() mutable { return std::get<0>(layer->forward(x)); };
  }

  [[nodiscard]] Tensor cost() {
    const Tensor z = output();
    return network.classes == 1 ? F::binary_cross_entropy_with_logits(z, y)
                                : F::cross_entropy(z, y);
  }

  [[nodiscard]] Tensor output() {
    if (name == "d") return lenet();
    if (is_recurrent(name)) return F::linear(outputs()[-1], p[4], p[5]);
    if (is_encoder(name)) return encoder();
    if (name == "embedding") {
      return F::linear(torch::embedding(p[0], at, -1, false, true).mean(1), p[1], p[2]);
    }
    return is_convolutional(name) ? convolutional() : dense();
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
  [[nodiscard]] Tensor encoder() const {
    const std::int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
    const std::int64_t count = encoder_heads(width);
    const auto heads = [&](const Tensor& t) {
      return t.reshape({batch, length, count, width / count}).transpose(1, 2);
    };
    const std::vector<Tensor> qkv = F::linear(x, p[0], p[1]).chunk(3, -1);
    const Tensor q = heads(qkv[0]), k = heads(qkv[1]), v = heads(qkv[2]);
    const double scale = 1 / std::sqrt(static_cast<double>(width / count));
    const Tensor weights = torch::softmax(torch::matmul(q * scale, k.transpose(-2, -1)), -1);
    const Tensor mixed = torch::matmul(weights, v).transpose(1, 2).reshape({batch, length, width});
    const Tensor y1 = torch::layer_norm(x + F::linear(mixed, p[2], p[3]), {width}, p[4], p[5]);
    const Tensor hidden = torch::relu(F::linear(y1, p[6], p[7]));
    const Tensor z = torch::layer_norm(y1 + F::linear(hidden, p[8], p[9]), {width}, p[10], p[11]);
    return F::linear(z.mean(1), p[12], p[13]);
  }

  [[nodiscard]] Tensor convolutional() const {
    std::size_t k = 0;
    const auto normalized = [&](const Tensor& t) {
      const Tensor &gain = p[k], &shift = p[k + 1];
      k += 2;
      return torch::batch_norm(t, gain, shift, {}, {}, true, 0.1, 1e-5, false);
    };
    const auto convolved = [&](const Tensor& t, std::int64_t stride, std::int64_t padding,
                               std::int64_t groups = 1) {
      const Tensor& w = p[k++];
      return normalized(torch::conv2d(t, w, {}, stride, padding, 1, groups));
    };
    Tensor a = x;
    if (name == "conv-64") {
      for (int layer = 0; layer < 4; ++layer) a = torch::relu(convolved(a, 1, 1));
    } else if (name == "residual") {
      a = torch::relu(convolved(a, 1, 1));
      for (const std::int64_t stride : {1, 2, 2}) {
        Tensor b = torch::relu(convolved(a, stride, 1));
        b = convolved(b, 1, 1);
        a = torch::relu(b + (stride == 1 ? a : convolved(a, stride, 0)));
      }
    } else if (name == "separable") {
      for (int block = 0; block < 2; ++block) {
        a = torch::relu(convolved(a, 1, 0));
        a = torch::relu(convolved(a, 1, 1, a.size(1)));
        a = convolved(a, 1, 0);
      }
    } else {
      const Tensor fine = torch::relu(convolved(a, 1, 1));
      a = torch::relu(convolved(fine, 2, 1));
      a = torch::relu(convolved(a, 1, 1));
      const Tensor& w = p[k++];
      a = torch::relu(normalized(torch::conv_transpose2d(a, w, {}, 2)));
      a = torch::relu(convolved(torch::cat({fine, a}, 1), 1, 1));
    }
    return F::linear(a.mean({2, 3}), p[k], p[k + 1]);
  }

  NetworkData network;
  std::string name;
  Tensor x, y;
  std::vector<Tensor> p;
  Tensor at = tensor(texts(), {static_cast<std::int64_t>(texts().size()) / words, words});
  std::function<Tensor()> outputs;
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

/// The norm of the first elements of what a function of two arrays gives.
template <class Function>
Work value_of(Tensor a, Tensor b, std::int64_t looked_at, const Function& function) {
  const auto last = std::make_shared<Tensor>();
  return {[=] {
            const torch::NoGradGuard no_grad;
            *last = function(a, b);
          },
          [=] {
            return last->flatten().slice(0, 0, looked_at).to(torch::kFloat64).norm().item<double>();
          }};
}

Tensor matrix(std::int64_t rows, std::int64_t columns, std::uint64_t stream) {
  return tensor(numbers<float>(static_cast<std::size_t>(rows * columns), stream, 1),
                {rows, columns});
}

Work product(const std::string& name) {
  const std::int64_t n = size_in(name);
  return value_of(matrix(n, n, 0), matrix(n, n, 1), n,
                  [](const Tensor& a, const Tensor& b) { return torch::mm(a, b); });
}

Work adam(const std::string& name) {
  const std::int64_t n = size_in(name) * 1'000'000;
  Tensor p = matrix(1, n, 0).flatten().requires_grad_();
  p.mutable_grad() = matrix(1, n, 1).flatten();
  const auto step =
      std::make_shared<torch::optim::Adam>(std::vector{p}, torch::optim::AdamOptions(1e-3));
  return {[=] { step->step(); },
          [=] { return p.detach().slice(0, 0, 1000).to(torch::kFloat64).norm().item<double>(); }};
}

Work stream(const std::string& name) {
  const Tensor x = matrix(stream_rows, stream_columns, 0);
  const Tensor y = name == "stream-add" ? matrix(stream_rows, stream_columns, 1) : x;
  using Two = const Tensor&;
  if (name == "stream-exp") return value_of(x, y, 1000, [](Two a, Two) { return a.exp(); });
  if (name == "stream-add") return value_of(x, y, 1000, [](Two a, Two b) { return a + b; });
  if (name == "stream-sum-rows") {
    return value_of(x, y, stream_rows, [](Two a, Two) { return a.sum(1); });
  }
  if (name == "stream-sum-columns") {
    return value_of(x, y, stream_columns, [](Two a, Two) { return a.sum(0); });
  }
  return value_of(x, y, 1, [](Two a, Two) { return a.square().sum(); });
}

Work make(const std::string& name, int threads) {
  at::set_num_threads(threads);
  if (name.starts_with("product-")) return product(name);
  if (name.starts_with("adam-")) return adam(name);
  if (name.starts_with("stream-")) return stream(name);
  if (name.starts_with("gc-")) return check(name);
  if (name.starts_with("chain-1-")) return chain(1);
  if (name.starts_with("chain-16-")) return chain(16);
  if (name == "gmm-25" || name == "gmm-50") return libtorch_gmm(name);
  if (name == "lstm") return libtorch_lstm();
  if (name.size() == 1 || is_recurrent(name) || is_encoder(name) || is_convolutional(name) ||
      name == "embedding" || !dense_sizes(name).empty()) {
    return training(name);
  }
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) {
  return dtheta::bench::serve(argc, argv, dtheta::bench::make, TORCH_VERSION);
}
