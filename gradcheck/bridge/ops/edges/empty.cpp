// Axes of size 0: whatever shapes an op accepts it computes, with every derivative.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <exception>
#include <set>
#include <stdexcept>

#include "gradcheck/bridge/ops/batch_rule.hpp"
#include "gradcheck/bridge/ops/edges/edge_case.hpp"

namespace dtheta::gradcheck {
namespace {

/// An operand of another shape: the values that it was given are repeated or cut off.
SampleInput with_dims(const SampleInput& in, std::span<const Index> dims) {
  SampleInput result = in;
  result.shape = Shape(dims);
  const auto n = static_cast<std::size_t>(result.shape.size());
  if (in.values.empty()) return result;
  result.values.clear();
  for (std::size_t i = 0; i < n; ++i) result.values.push_back(in.values[i % in.values.size()]);
  return result;
}

/// The sample with every axis of one size made empty, or one axis of one operand.
std::vector<SampleCase> emptied(const SampleCase& sample) {
  std::vector<SampleCase> list;
  std::set<Index> sizes;
  for (const SampleInput& in : sample.inputs) sizes.insert(in.shape.begin(), in.shape.end());
  sizes.erase(0);
  for (const Index size : sizes) {
    SampleCase& all = list.emplace_back(sample);
    for (SampleInput& in : all.inputs) {
      std::vector<Index> dims(in.shape.begin(), in.shape.end());
      std::ranges::replace(dims, size, Index{0});
      in = with_dims(in, dims);
    }
  }
  for (std::size_t k = 0; k < sample.inputs.size(); ++k) {
    for (int axis = 0; axis < sample.inputs[k].shape.rank(); ++axis) {
      SampleCase& one = list.emplace_back(sample);
      SampleInput& in = one.inputs[k];
      std::vector<Index> dims(in.shape.begin(), in.shape.end());
      dims[static_cast<std::size_t>(axis)] = 0;
      in = with_dims(in, dims);
      if (axis == 0 && sample.inputs.size() > 1) {  // the leading axis of all
        SampleCase& leading = list.emplace_back(sample);
        for (SampleInput& other : leading.inputs) {
          if (other.shape.rank() == 0) continue;
          std::vector<Index> d(other.shape.begin(), other.shape.end());
          d[0] = 0;
          other = with_dims(other, d);
        }
      }
    }
  }
  return list;
}

template <class T>
void replay(const OpCase& c) {
  Workspace<T> ws(Plan(c.everything()));
  ws.run();
}

/// Where the values do not depend on an element because there are none, its gradient is 0.
void judge_gradient(const OpCase& c, const EdgeReport& report) {
  for (std::size_t k = 0; k < c.gradient.size(); ++k) {
    if (c.gradient[k].shape() != c.differentiated[k].shape()) {
      report.fail(fmt::format("{}: the gradient of operand {} has shape {}", c.shapes, k,
                              to_string(c.gradient[k].shape())));
    }
    if (c.y.size() != 0) continue;
    for (const double g : c.gradient[k].data<double>()) {
      if (g == 0) continue;
      report.fail(
          fmt::format("{}: the gradient of operand {} is {}, there are no values", c.shapes, k, g));
      break;
    }
  }
}

void test_one(const OpRecord& op, const SampleCase& sample, const EdgeReport& report) {
  std::string shapes;
  for (const SampleInput& in : sample.inputs) {
    shapes += (shapes.empty() ? "" : " x ") + to_string(in.shape);
  }
  try {
    Tape tape;
    std::vector<Arg> args;
    for (const SampleInput& in : sample.inputs) args.emplace_back(tape.leaf(materialize(in, 1)));
    static_cast<void>(apply(op, sample.op.get(), args));
  } catch (const std::invalid_argument&) {
    return;  // said with a message
  } catch (const std::exception& e) {
    return report.fail(fmt::format("{}: {}", shapes, e.what()));
  }
  ++report.cell.draws;
  try {
    const OpCase c(op, sample, 0);
    replay<float>(c);
    replay<double>(c);
    replay<Quad>(c);
    if (c.has_derivative) judge_gradient(c, report);
    if (std::string wrong = compare_batch(op, sample, c); !wrong.empty()) {
      report.fail(fmt::format("{}: {}", shapes, wrong));
    }
  } catch (const std::exception& e) {
    report.fail(
        fmt::format("{}: the value is computed, a derivative is not: {}", shapes, e.what()));
  }
}

}  // namespace

void test_empty(const OpRecord& op, const SampleCase& sample, EdgeReport report) {
  for (const SampleCase& s : emptied(sample)) test_one(op, s, report);
}

}  // namespace dtheta::gradcheck
