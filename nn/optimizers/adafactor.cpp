#include <limits>

#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/comparison.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "nn/optimizers/step_recorder.hpp"

namespace dtheta::nn {
namespace {

/// The root of the mean square, 0 for none.
Var rms(Var x) { return sqrt(mean(square(x))); }

/// `of` without one of its last two axes: size 1 in its place.
Shape without(const Shape& of, int axis) {
  std::vector<Index> dims(of.dims().begin(), of.dims().end());
  dims[dims.size() - static_cast<std::size_t>(-axis)] = 1;
  return Shape(std::span<const Index>(dims));
}

class Recorder {
 public:
  Recorder(detail::StepRecorder& step, const Adafactor& options)
      : step_(step), number_(step.number()), weight_(pow(number_, options.beta2_decay)) {
    const bool wide = step.tape().precision() == DType::float64;
    epsilon_ = options.epsilon1.value_or(
        wide ? std::numeric_limits<double>::epsilon()
             : static_cast<double>(std::numeric_limits<float>::epsilon()));
  }

  [[nodiscard]] Var number() const { return number_; }

  /// The gradient of i over the root of its running mean square.
  Var normalized_gradient(std::size_t i) {
    const Var g = step_.gradient(i), s = square(g);
    return rsqrt(maximum(g.rank() > 1 ? factored(i, s) : whole(i, s), epsilon_ * epsilon_)) * g;
  }

 private:
  /// A running mean that takes a part of t^beta2_decay from the new.
  Var average(Var state, Var value) {
    return step_.update(state, (1 - weight_) * state + weight_ * value);
  }
  Var whole(std::size_t i, Var squares) { return average(step_.state(i, "v"), squares); }
  /// Rows and columns alone are kept; their product has the mean that it should.
  Var factored(std::size_t i, Var squares) {
    const Shape& shape = squares.shape();
    const Var rows = average(step_.state(i, "rows", without(shape, -1)), mean(squares, {-1}, true));
    const Var columns =
        average(step_.state(i, "columns", without(shape, -2)), mean(squares, {-2}, true));
    return rows * columns / maximum(mean(rows, {-2}, true), epsilon_);
  }

  detail::StepRecorder& step_;
  Var number_, weight_;
  double epsilon_;
};

}  // namespace

OptimizerStep Adafactor::operator()(std::span<const Var> parameters,
                                    std::span<const Var> gradients) const {
  detail::require_setting("adafactor", "beta2_decay", beta2_decay, beta2_decay <= 0, "at most 0");
  detail::require_at_least_0("adafactor", "epsilon1", epsilon1.value_or(0));
  detail::require_at_least_0("adafactor", "epsilon2", epsilon2);
  detail::require_setting("adafactor", "clip", clip, clip >= 1, "at least 1");
  detail::StepRecorder r("adafactor", learning_rate, parameters, gradients);
  const Var kept = r.kept(weight_decay);
  Recorder recorder(r, *this);
  const Var relative = minimum(r.rate(), rsqrt(recorder.number()));
  for (std::size_t i = 0; i < r.count(); ++i) {
    const Var rate = maximum(rms(r.parameter(i)), epsilon2) * relative;
    const Var direction = recorder.normalized_gradient(i);
    const Var excess = maximum(rms(direction) / clip, 1);
    r.update(r.parameter(i), r.decayed(kept, i) - rate / excess * direction);
  }
  return r.take();
}

}  // namespace dtheta::nn
