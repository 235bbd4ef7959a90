#include "autodiff/ops/elementwise/noise.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "autodiff/errors.hpp"
#include "autodiff/kernels/parallel.hpp"
#include "autodiff/op_list.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/scalar/real_attribute.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// What random ops share: they take the step, and no derivative passes through them.
template <class Self>
struct RandomOp {
  Shape shape;
  RandomKey key;
  friend constexpr bool operator==(const RandomOp&, const RandomOp&) = default;

  [[nodiscard]] ValueType infer(Types in) const {
    if (in[0].kind != Kind::index || in[0].shape.size() != 1) {
      throw TypeError(fmt::format("{}: the step must be a single index", Self::info.name));
    }
    return {shape, Kind::real};
  }
  [[nodiscard]] static Var vjp(int, const Primal&, Var) { return {}; }
  static std::vector<Sample<Self>> samples() {
    Self op;
    op.shape = {3, 5};
    op.key = {1, 2};
    return {{op, {index({}, {7})}}};
  }
};

constexpr std::size_t block_size = 256;

/// Calls body(start, count) for blocks of elements that together are all of them, shared by
/// threads: each number is a function of its place, so it does not matter who draws it.
template <class Body>
void for_each_block(const Parallel* parallel, Index elements, Body body) {
  constexpr std::size_t worth_a_thread = 16;  // blocks: to draw an element takes some ten cycles
  const auto all = static_cast<std::size_t>(elements);
  detail::for_each_run(parallel, (all + block_size - 1) / block_size, worth_a_thread,
                       [&](std::size_t first, std::size_t blocks) {
                         const std::size_t end = std::min(all, (first + blocks) * block_size);
                         for (std::size_t at = first * block_size; at < end; at += block_size) {
                           body(static_cast<Index>(at), std::min(block_size, end - at));
                         }
                       });
}

struct DropoutMask : RandomOp<DropoutMask> {
  RealAttribute keep_prob = 0.5;
  friend constexpr bool operator==(const DropoutMask&, const DropoutMask&) = default;

  static constexpr OpInfo info{.name = "dropout_mask", .analytic = true, .differentiable = false};
  static constexpr OpRule rule{
      "y = 1/p with probability p, else 0, by step and key", {}, "0 < p <= 1"};
  template <class T>
  void forward(const Call<T>& call) const {
    // Compared as integers, so that every scalar type draws the same mask.
    const auto threshold = static_cast<std::uint64_t>(keep_prob * 0x1p32);
    const T kept = T(1) / keep_prob.in<T>();
    const auto step = static_cast<std::uint64_t>(*call.indices(0));
    for_each_block(call.parallel, shape.size(), [&](Index start, std::size_t count) {
      std::array<std::uint32_t, block_size> words;
      random_words(key, step, start, std::span(words.data(), count));
      T* out = call.output() + start;
      for (std::size_t i = 0; i < count; ++i) out[i] = words[i] < threshold ? kept : T(0);
    });
  }
};

/// Fills the result with numbers drawn a block at a time.
template <class T, class Draw>
void fill_with(const Call<T>& call, RandomKey key, Draw draw) {
  for_each_block(call.parallel, call.out_shape().size(), [&](Index start, std::size_t count) {
    std::array<double, block_size> values;
    const std::span part(values.data(), count);
    draw(key, static_cast<std::uint64_t>(*call.indices(0)), start, part);
    std::ranges::transform(part, call.output() + start, [](double v) { return static_cast<T>(v); });
  });
}

struct UniformNoise : RandomOp<UniformNoise> {
  static constexpr OpInfo info{.name = "uniform_noise", .analytic = true, .differentiable = false};
  static constexpr OpRule rule{"y uniform in [0, 1), by step and key"};
  template <class T>
  void forward(const Call<T>& call) const {
    fill_with(call, key, random_uniform);
  }
};

struct NormalNoise : RandomOp<NormalNoise> {
  static constexpr OpInfo info{.name = "normal_noise", .analytic = true, .differentiable = false};
  static constexpr OpRule rule{"y of the standard normal distribution, by step and key"};
  template <class T>
  void forward(const Call<T>& call) const {
    fill_with(call, key, random_normal);
  }
};

template <class Op>
Var draw(Op op, Tape& tape, const Shape& shape, RandomKey key, SourceLocation at) {
  op.shape = shape;
  op.key = key;
  return apply(op, {Arg(tape.step(), at)});
}

}  // namespace

Var dropout_mask(Tape& tape, const Shape& shape, double keep_prob, RandomKey key,
                 SourceLocation at) {
  if (!(keep_prob > 0 && keep_prob <= 1)) {
    throw ValueError(fmt::format("dropout: keep_prob {} is outside (0, 1]", keep_prob));
  }
  DropoutMask op;
  op.keep_prob = keep_prob;
  return draw(op, tape, shape, key, at);
}

Var dropout(Arg x, double keep_prob, RandomKey key) {
  if (keep_prob == 1) return x.var();
  return x * dropout_mask(x.var().tape(), x.var().shape(), keep_prob, key, x.at());
}

Var uniform_noise(Tape& tape, const Shape& shape, RandomKey key, SourceLocation at) {
  return draw(UniformNoise{}, tape, shape, key, at);
}

Var normal_noise(Tape& tape, const Shape& shape, RandomKey key, SourceLocation at) {
  return draw(NormalNoise{}, tape, shape, key, at);
}

std::span<const OpEntry> random_ops() {
  return OpList<DropoutMask, UniformNoise, NormalNoise>::entries;
}

}  // namespace dtheta
