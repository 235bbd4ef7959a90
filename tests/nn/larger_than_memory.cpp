// Trains a deep narrow net on one large batch, in as many parts as asked for, and says what its
// activations come to: limited_memory.sh runs it where that is ten times the memory there is.
#include <fmt/format.h>

#include <cstdlib>
#include <new>

#include "autodiff/autodiff.hpp"
#include "autodiff/checkpoint.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/tape.hpp"
#include "nn/nn.hpp"

namespace {

using namespace dtheta;

constexpr Index width = 32, blocks = 16, layers = 4;  // of each block

/// x W^T + b and tanh, `layers` times; a checkpoint keeps x alone for the way back.
struct Block {
  std::vector<nn::Linear> inner;

  Block() {
    for (Index k = 0; k < layers; ++k) inner.emplace_back(width, width);
  }
  void fields(nn::Fields& f) { f("inner", inner); }
  Var forward(nn::Recording& r, Var x) const {
    return checkpoint(
        [&](Var h) {
          for (const nn::Linear& linear : inner) h = tanh(r(linear, h));
          return h;
        },
        x);
  }
};

struct Deep {
  std::vector<Block> inner{static_cast<std::size_t>(blocks)};

  void fields(nn::Fields& f) { f("inner", inner); }
  Var forward(nn::Recording& r, Var x) const {
    for (const Block& block : inner) x = r(block, x);
    return x;
  }
};

}  // namespace

int main(int argc, char** argv) try {
  const Index examples = 1 << 19;
  // OpenBLAS takes its buffer with the first large product, and asks for ever where it gets none.
  Tape warm_up;
  const Var square = warm_up.constant(Tensor(Shape{256, 256}));
  static_cast<void>(matmul(square, square).value());
  const Index parts = argc > 1 ? std::atoi(argv[1]) : 1;
  // What each layer makes for each example: a sum and its tanh, in float.
  const double kept = 4.0 * 2 * width * blocks * layers * static_cast<double>(examples);
  fmt::print("{:.1f} GB of activations in {} parts\n", 1e-9 * kept, parts);

  Tensor x(Shape{examples, width}, DType::float32);
  for (Index i = 0; i < x.size(); ++i) {
    x.data<float>()[static_cast<std::size_t>(i)] = static_cast<float>((i * 7919) % 2003) / 2003;
  }
  nn::Table table;
  table.add("target", x).add("input", std::move(x));
  Deep model;
  nn::initialize(model, 1);
  nn::Trainer trainer(model, table,
                      {.batch_size = examples,
                       .micro_batches = parts,
                       .loss = nn::Loss::mse,
                       .optimizer = nn::Adam{.learning_rate = 1e-3}});
  const double before = trainer.run_step().cost;
  const double after = trainer.run_step().cost;
  fmt::print("cost {:.6g}, then {:.6g}\n", before, after);
  return after < before ? 0 : 1;
} catch (const std::bad_alloc&) {
  fmt::print("there is not enough memory\n");
  return 3;
}
