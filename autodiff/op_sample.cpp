#include "autodiff/op_sample.hpp"

#include <algorithm>

#include "autodiff/random.hpp"

namespace dtheta {

Tensor materialize(const SampleInput& input, std::uint64_t seed) {
  if (input.kind == Kind::index) {
    std::vector<Index> values(input.values.size());
    std::ranges::transform(input.values, values.begin(),
                           [](double v) { return static_cast<Index>(v); });
    return Tensor(input.shape, std::span<const Index>(values));
  }
  if (!input.values.empty()) return Tensor(input.shape, std::span<const double>(input.values));
  Tensor result(input.shape);
  const RandomKey key{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)};
  random_uniform(key, 0, 0, result.data<double>());
  for (double& v : result.data<double>()) {
    v = input.domain.low + v * (input.domain.high - input.domain.low);
  }
  return result;
}

std::vector<std::vector<SampleInput>> elementwise_inputs(std::span<const Domain> domains) {
  // One row for each sample: the shapes of up to three operands, which broadcast together.
  static const std::array<std::array<Shape, 3>, 7> shapes{{
      {Shape{}, Shape{}, Shape{}},
      {Shape{5}, Shape{5}, Shape{5}},
      {Shape{2, 3}, Shape{3}, Shape{2, 1}},
      {Shape{2, 1}, Shape{1, 3}, Shape{}},
      {Shape{3, 1, 2}, Shape{1}, Shape{4, 2}},
      {Shape{0}, Shape{1}, Shape{0}},
      {Shape{}, Shape{33}, Shape{33}},
  }};
  std::vector<std::vector<SampleInput>> result;
  for (const auto& row : shapes) {
    std::vector<SampleInput> inputs;
    for (std::size_t i = 0; i < domains.size(); ++i) inputs.push_back(real(row[i], domains[i]));
    result.push_back(std::move(inputs));
  }
  return result;
}

}  // namespace dtheta
