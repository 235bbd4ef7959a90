// A residual network of convolutions (He et al. 2016) for small pictures of circles, squares,
// crosses and triangles, which are drawn here.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iostream>
#include <optional>

#include "autodiff/ops/elementwise/activation.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

/// relu(shortcut(x) + norm(conv(relu(norm(conv(x)))))), half as high and wide with stride 2.
struct Block {
  nn::Conv2d conv1, conv2;
  nn::BatchNorm2d norm1, norm2;
  std::optional<nn::Conv2d> shortcut{};

  Block(Index in, Index out, Index stride)
      : conv1(in, out, 3, {.stride = stride, .padding = 1, .bias = false}),
        conv2(out, out, 3, {.padding = 1, .bias = false}),
        norm1(out),
        norm2(out) {
    if (in != out || stride != 1) shortcut = nn::Conv2d(in, out, 1, {.stride = stride});
  }
  void fields(nn::Fields& f) {
    f("conv1", conv1)("norm1", norm1)("conv2", conv2)("norm2", norm2)("shortcut", shortcut);
  }
  [[nodiscard]] Var forward(nn::Recording& r, Var x) const {
    const Var y = relu(r(norm1, r(conv1, x)));
    return relu(r(norm2, r(conv2, y)) + (shortcut ? r(*shortcut, x) : x));
  }
};

/// Whether a point at (x, y) from the centre is ink of a shape of that size.
bool inked(Index shape, double x, double y, double size) {
  const double line = 0.8, square = std::max(std::abs(x), std::abs(y));
  switch (shape) {
    case 0:
      return std::abs(std::hypot(x, y) - size) < line;
    case 1:
      return std::abs(square - size) < line;
    case 2:
      return square < size && std::abs(std::abs(x) - std::abs(y)) < line;
    default:
      return std::abs(y - size) < line ? std::abs(x) < size
                                       : y < size && std::abs(2 * std::abs(x) - (y + size)) < line;
  }
}

/// Pictures of 12 x 12: shapes of any place and size, under noise.
nn::Dataset shapes(Index count, std::uint32_t seed) {
  nn::Dataset data{nn::normal({count, 1, 12, 12}, 0, 0.3, {seed, 0}),
                   Tensor(Shape{count}, DType::int64)};
  const Tensor places = nn::uniform({count, 3}, 0, 1, {seed, 1});
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
    const auto place = places.data<double>().subspan(3 * i, 3);
    const Index shape = static_cast<Index>(i % 4);
    data.labels.data<Index>()[i] = shape;
    for (std::size_t p = 0; p < 144; ++p) {
      const std::size_t row = p / 12, column = p % 12;
      const double x = static_cast<double>(column) - 4.5 - 2 * place[0];
      const double y = static_cast<double>(row) - 4.5 - 2 * place[1];
      if (inked(shape, x, y, 3 + 1.5 * place[2])) data.inputs.data<double>()[144 * i + p] += 1;
    }
  }
  return data;
}

}  // namespace

int main() {
  nn::Sequential model{nn::Conv2d(1, 8, 3, {.padding = 1, .bias = false}),
                       nn::BatchNorm2d(8),
                       nn::Activation::relu,
                       Block(8, 8, 1),
                       Block(8, 16, 2),
                       Block(16, 16, 1),
                       nn::AdaptiveAvgPool2d(1),
                       nn::Flatten(),
                       nn::Linear(16, 4)};
  nn::initialize(model, 1);
  std::cout << nn::to_string(nn::summary(model, {1, 1, 12, 12}));

  const nn::Dataset train = shapes(600, 1), test = shapes(400, 2);
  nn::TrainerOptions options{.batch_size = 50, .optimizer = nn::AdamW{.learning_rate = 3e-3}};
  options.threads = 2;
  nn::Trainer trainer(model, train, options);
  const nn::TrainingReport report = trainer.fit(8);
  fmt::print("cost {:.4f} in the last epoch; test accuracy {:.3f}\n", report.epochs.back().cost,
             trainer.accuracy(test));

  Tape tape;
  const nn::Table few = nn::Table(test).head(4);
  const auto result = gradcheck::check_network(
      nn::record_cost(tape, model, few, nn::cost_of(model, nn::Loss::cross_entropy_with_logits)));
  std::cout << result;
  return result ? 0 : 1;
}
