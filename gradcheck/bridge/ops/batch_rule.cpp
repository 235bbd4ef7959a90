#include "gradcheck/bridge/ops/batch_rule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dtheta::gradcheck {
namespace {

constexpr Index items = 3;

/// Item k of a batched operand: the sample's values, each time a little smaller.
double item_value(double x, Index k) { return x * (1 - static_cast<double>(k) * 0x1p-6); }

Tensor item_of(const Tensor& x, Index k) {
  Tensor item = x;
  for (double& v : item.data<double>()) v = item_value(v, k);
  return item;
}

Tensor stacked(const Tensor& x) {
  std::vector<Index> dims{items};
  dims.insert(dims.end(), x.shape().begin(), x.shape().end());
  Tensor all{Shape(dims)};
  auto out = all.data<double>().begin();
  for (Index k = 0; k < items; ++k) {
    for (double v : x.data<double>()) *out++ = item_value(v, k);
  }
  return all;
}

/// One choice of operands that carry the axis.
std::string compare(const OpRecord& op, const void* attributes, const OpCase& recorded,
                    const std::vector<char>& batched) {
  Tape tape;
  std::vector<Var> in;
  for (std::size_t i = 0; i < batched.size(); ++i) {
    const Tensor x = recorded.operands[i].value();
    in.push_back(tape.leaf(batched[i] != 0 ? stacked(x) : x));
  }
  const Var all = op.batch(attributes, {in, batched, items});
  const Index each = recorded.y.size();
  if (all.size() != items * each) {
    return fmt::format("batch rule: the result has shape {}, one item has {}",
                       to_string(all.shape()), to_string(recorded.y.shape()));
  }
  for (Index k = 0; k < items; ++k) {
    std::vector<Arg> args;
    for (std::size_t i = 0; i < batched.size(); ++i) {
      const Tensor x = recorded.operands[i].value();
      args.emplace_back(tape.leaf(batched[i] != 0 ? item_of(x, k) : x));
    }
    const auto one = apply(op, attributes, args).data<double>();
    const auto part = all.data<double>().subspan(static_cast<std::size_t>(k * each), one.size());
    double size = 1, apart = 0;
    for (std::size_t j = 0; j < one.size(); ++j) {
      if (std::isfinite(one[j])) size = std::max(size, std::abs(one[j]));
      if (part[j] != one[j] && !(std::isnan(part[j]) && std::isnan(one[j]))) {
        apart =
            std::max(apart, std::isnan(part[j] - one[j]) ? INFINITY : std::abs(part[j] - one[j]));
      }
    }
    // The same sums of some ten terms in another order.
    if (!(apart <= 64 * 0x1p-53 * size)) {
      return fmt::format("batch rule: item {} is {:.2g} away from the op applied to it", k, apart);
    }
  }
  return {};
}

}  // namespace

std::string compare_batch(const OpRecord& op, const SampleCase& sample, const OpCase& recorded) {
  if (op.batch == nullptr || recorded.y.is_index()) return {};
  std::vector<std::size_t> real_operands;
  for (std::size_t i = 0; i < recorded.operands.size(); ++i) {
    if (sample.inputs[i].kind == Kind::real && sample.inputs[i].differentiable) {
      real_operands.push_back(i);
    }
  }
  std::vector<char> all(recorded.operands.size(), 0);
  for (std::size_t i : real_operands) {
    std::vector<char> alone(recorded.operands.size(), 0);
    alone[i] = all[i] = 1;
    if (std::string wrong = compare(op, sample.op.get(), recorded, alone); !wrong.empty()) {
      return wrong;
    }
  }
  return real_operands.size() > 1 ? compare(op, sample.op.get(), recorded, all) : std::string{};
}

}  // namespace dtheta::gradcheck
