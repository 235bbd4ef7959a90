#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "autodiff/scalar/value_type.hpp"
#include "autodiff/tensor.hpp"

namespace dtheta {

/// The interval from which sample values are drawn, uniformly.
struct Domain {
  double low = -1;
  double high = 1;
};

/// One operand of a sample: values drawn from a domain, or given.
struct SampleInput {
  Shape shape;
  Domain domain{};
  std::vector<double> values{};  // when not empty: the elements, instead of drawn ones
  Kind kind = Kind::real;
  bool differentiable = true;  // false: the op has no derivative with respect to this operand
};

/// Real values drawn from a domain.
[[nodiscard]] inline SampleInput real(Shape shape, Domain domain = {}) { return {shape, domain}; }
/// The given real values.
[[nodiscard]] inline SampleInput given(Shape shape, std::vector<double> values) {
  return {shape, {}, std::move(values)};
}
/// The given indices or labels.
[[nodiscard]] inline SampleInput index(Shape shape, std::vector<double> values) {
  return {shape, {}, std::move(values), Kind::index, false};
}
/// A real operand without derivative, such as a mask.
[[nodiscard]] inline SampleInput fixed(Shape shape, std::vector<double> values) {
  return {shape, {}, std::move(values), Kind::real, false};
}

/// What a sample promises about the function near its point.
enum class Smoothness : std::uint8_t {
  smooth,  // differentiable around the point: checked by differences
  corner,  // the point sits on a corner: the gradient must lie between the one-sided slopes
};

/// Attributes and operands on which an op must be tested. Every op lists some.
template <class O>
struct Sample {
  O op;
  std::vector<SampleInput> inputs;
  Smoothness smoothness = Smoothness::smooth;
};

/// A sample whose op type has been forgotten.
struct SampleCase {
  std::shared_ptr<const void> op;
  std::vector<SampleInput> inputs;
  Smoothness smoothness;
};

template <class O>
[[nodiscard]] std::vector<SampleCase> erase_samples(const std::vector<Sample<O>>& samples) {
  std::vector<SampleCase> cases;
  cases.reserve(samples.size());
  for (const Sample<O>& s : samples) {
    cases.push_back({std::make_shared<const O>(s.op), s.inputs, s.smoothness});
  }
  return cases;
}

/// The operand's values: a deterministic function of (input, seed), float64 or int64.
[[nodiscard]] Tensor materialize(const SampleInput& input, std::uint64_t seed);

/// Operand lists for an elementwise op of `domains.size()` operands: scalars, vectors, matrices,
/// broadcasting pairs, axes of size 1 and 0.
[[nodiscard]] std::vector<std::vector<SampleInput>> elementwise_inputs(
    std::span<const Domain> domains);

}  // namespace dtheta
