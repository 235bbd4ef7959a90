// Autoencoders: points on a curve in eight dimensions go through two numbers and back. The best
// that a linear one can do is known, the principal components (Eckart and Young 1936), and training
// finds it; a deep one sees that the points have one dimension only, and does far better.

#include <fmt/format.h>

#include <cmath>
#include <iostream>
#include <numbers>

#include "autodiff/ops/linalg/linalg.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

constexpr Index points = 400, width = 8;

/// cos kt / k and sin kt / k for k = 1 to 4, at equal steps of t: each column has the mean 0.
Tensor curve() {
  Tensor x(Shape{points, width});
  for (std::size_t i = 0; i < points; ++i) {
    const double t = 2 * std::numbers::pi * static_cast<double>(i) / points;
    for (std::size_t k = 1; k <= width / 2; ++k) {
      const auto n = static_cast<double>(k);
      x.data<double>()[i * width + 2 * k - 2] = std::cos(n * t) / n;
      x.data<double>()[i * width + 2 * k - 1] = std::sin(n * t) / n;
    }
  }
  return x;
}

/// The mean square that is left when the matrix keeps its first two singular values alone.
double principal_components_leave(const Tensor& x) {
  Tape tape;
  const Var s = svd(tape.leaf(x, "x")).s;
  double left = 0;
  for (std::size_t k = 2; k < width; ++k) left += s.data<double>()[k] * s.data<double>()[k];
  return left / static_cast<double>(x.size());
}

/// An encoder and a decoder, which can be called apart.
struct Autoencoder {
  nn::Sequential encoder, decoder;
  void fields(nn::Fields& f) { f("encoder", encoder)("decoder", decoder); }
  [[nodiscard]] Var forward(nn::Recording& r, Var x) const { return r(decoder, r(encoder, x)); }
};

Autoencoder linear() {
  return {nn::Sequential{nn::Linear(width, 2)}, nn::Sequential{nn::Linear(2, width)}};
}

Autoencoder deep() {
  using enum nn::Activation;
  return {nn::Sequential{nn::Linear(width, 32), gelu, nn::Linear(32, 2)},
          nn::Sequential{nn::Linear(2, 64), gelu, nn::Linear(64, width)}};
}

double train(Autoencoder& model, const nn::Table& data) {
  nn::initialize(model, 1);
  const int epochs = 250;
  nn::TrainerOptions options{.batch_size = 40, .loss = nn::Loss::mse, .optimizer = nn::Adam{}};
  options.learning_rate =
      nn::schedule::Cosine{.rate = 0.01, .duration = epochs * points / options.batch_size};
  nn::Trainer trainer(model, data, options);
  trainer.fit(epochs);
  return trainer.evaluate(data).front().value;
}

}  // namespace

int main() {
  const Tensor x = curve();
  const nn::Table data{{"input", x}, {"target", x}};
  Autoencoder flat = linear(), model = deep();
  const double best = principal_components_leave(x);
  fmt::print("two principal components leave {:.5f}\n", best);
  fmt::print("linear leaves {:.4f} times as much\n", train(flat, data) / best);
  fmt::print("deep leaves {:.4f} times as much\n", train(model, data) / best);

  Tape tape;
  const nn::Table few = data.head(4);
  const auto result = gradcheck::check_network(
      nn::record_cost(tape, model, few, nn::cost_of(model, nn::Loss::mse)));
  std::cout << result;
  return result ? 0 : 1;
}
