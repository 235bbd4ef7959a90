#include "gradcheck/bridge/shrink_op.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/ops/op_case.hpp"

namespace dtheta::gradcheck {
namespace {

/// The sample with operands of other sizes.
SampleCase resized(const SampleCase& sample, SizeValues sizes) {
  SampleCase other = sample;
  auto next = sizes.begin();
  for (SampleInput& input : other.inputs) {
    std::vector<Index> dims;
    dims.reserve(static_cast<std::size_t>(input.shape.rank()));
    for (int axis = 0; axis < input.shape.rank(); ++axis) {
      dims.push_back(static_cast<Index>(*next++));
    }
    input.shape = Shape(std::span<const Index>(dims));
    if (input.values.empty()) continue;
    std::vector<double> values(static_cast<std::size_t>(input.shape.size()));
    for (std::size_t i = 0; i < values.size(); ++i) {
      values[i] = input.values[i % input.values.size()];
    }
    input.values = std::move(values);
  }
  return other;
}

/// As the sample would be written down.
std::string written(const OpRecord& op, const SampleCase& sample, std::uint64_t seed) {
  std::vector<std::string> operands;
  for (const SampleInput& input : sample.inputs) {
    const std::string shape = fmt::format("{{{}}}", fmt::join(input.shape, ", "));
    operands.push_back(input.values.empty() ? fmt::format("real({}, {{{}, {}}})", shape,
                                                          input.domain.low, input.domain.high)
                                            : fmt::format("{}({}, {{{}}})",
                                                          input.kind == Kind::index ? "index"
                                                          : input.differentiable    ? "given"
                                                                                    : "fixed",
                                                          shape, fmt::join(input.values, ", ")));
  }
  return fmt::format("OpCase(record of {}, {{attributes, {{{}}}}}, {})", op.info.name,
                     fmt::join(operands, ", "), seed);
}

}  // namespace

Shrunk shrink_sample(const OpRecord& op, const SampleCase& sample, std::uint64_t seed,
                     ShrinkOptions options) {
  std::vector<CaseSize> sizes;
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    const Shape& shape = sample.inputs[k].shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      const auto size = static_cast<std::size_t>(shape[axis]);
      sizes.push_back(
          {fmt::format("operand {} axis {}", k + 1, axis), size, std::min<std::size_t>(size, 1)});
    }
  }
  if (!options.replay) {
    options.replay = [&](SizeValues values, std::uint64_t by) {
      return written(op, resized(sample, values), by);
    };
  }
  const auto generator = [&](SizeValues values, std::uint64_t by) {
    const OpCase made(op, resized(sample, values), by);
    if (!made.has_derivative) return Result{};
    std::vector<CheckedLeaf> leaves;
    for (const Var x : made.differentiated) {
      leaves.push_back({fmt::format("x{}", leaves.size() + 1), leaves.size() + 1, x});
    }
    NetworkOptions check;
    check.frozen_masks = true;
    check.blame_ops = false;  // there is but one
    return check_network(made.cost, leaves, check);
  };
  return shrink(generator, std::move(sizes), seed, options);
}

Shrunk shrink_samples(const OpRecord& op, std::uint64_t seed, const ShrinkOptions& options) {
  for (const SampleCase& sample : op.samples()) {
    Shrunk small = shrink_sample(op, sample, seed, options);
    if (small) return small;
  }
  return {};
}

}  // namespace dtheta::gradcheck
