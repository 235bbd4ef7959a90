#include "gradcheck/jacobian/problem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian/tangent.hpp"
#include "gradcheck/numeric/finite_difference.hpp"

namespace dtheta::gradcheck::detail {
namespace {

std::size_t size_of(const OutputBlock& block) {
  return std::accumulate(block.shape.begin(), block.shape.end(), std::size_t{1},
                         std::multiplies<>());
}

std::size_t named_outputs(const JacobianOptions& options) {
  std::size_t count = 0;
  for (const OutputBlock& block : options.outputs) count += size_of(block);
  return count;
}

/// m where somebody says it without a call of f; otherwise 0.
std::size_t said_outputs(const VectorFunction& f, const Jacobian& jacobian, std::size_t inputs,
                         const JacobianOptions& options) {
  if (f.outputs() > 0) return f.outputs();
  if (f.returns()) return 0;
  if (const std::size_t named = named_outputs(options); named > 0) return named;
  if (jacobian.layout() == Layout::compressed_rows && jacobian.rows().size() > 1) {
    return jacobian.rows().size() - 1;
  }
  if (jacobian.dense() && !jacobian.is_function()) {
    if (jacobian.size() % inputs != 0 || jacobian.size() == 0) {
      throw ShapeError(
          fmt::format("jacobian: {} entries were given, which are no whole number of rows for {} "
                      "inputs",
                      jacobian.size(), inputs));
    }
    return jacobian.size() / inputs;
  }
  throw OptionError(
      "f: how many outputs it writes is not known; say so with VectorFunction(f, outputs), or name "
      "them in options.outputs");
}

ParameterVector named(const std::vector<double>& values, const JacobianOptions& options) {
  if (values.empty()) throw ShapeError("f: it has no outputs, so that there is nothing to check");
  ParameterVector outputs;
  if (options.outputs.empty()) {
    outputs.add("f", 0, {values.size()}, values);
    return outputs;
  }
  if (named_outputs(options) != values.size()) {
    throw ShapeError(fmt::format("outputs: their blocks have {} entries, but f has {} values",
                                 named_outputs(options), values.size()));
  }
  std::size_t offset = 0;
  for (const OutputBlock& block : options.outputs) {
    const std::size_t size = size_of(block);
    outputs.add(block.name, 0, block.shape, std::span(values).subspan(offset, size));
    offset += size;
  }
  return outputs;
}

std::vector<Block> chosen(const ParameterVector& x, const JacobianOptions& options) {
  for (const std::string& name : options.blocks) x.block(name);  // throws if unknown
  std::vector<Block> blocks;
  for (const Block& block : x.blocks()) {
    const bool asked = options.blocks.empty() ||
                       std::ranges::find(options.blocks, block.name) != options.blocks.end();
    if (asked && block.size > 0) blocks.push_back(block);
  }
  if (blocks.empty()) throw ShapeError("check_jacobian: x has no entry to check");
  return blocks;
}

}  // namespace

JacobianProblem pose(const VectorFunction& f, const Jacobian& jacobian, const ParameterVector& x,
                     const JacobianOptions& options) {
  require_positive("tolerance", options.held_to());
  require_positive("jacobian_roundoff", options.jacobian_roundoff);
  if (options.threads == 0) {
    throw OptionError("threads: 0 were asked for, but at least 1 is needed");
  }
  if (x.empty()) throw ShapeError("check_jacobian: x is empty");
  const Tangent tangent(x, options.manifolds);
  const std::size_t said = said_outputs(f, jacobian, tangent.size(), options);
  const std::vector<double> lent(x.values().begin(), x.values().end());
  const std::vector<double> values = f.at(lent, said);
  if (!options.hints.weights.empty() && options.hints.weights.size() != values.size()) {
    throw ShapeError(fmt::format("hints: {} weights for {} outputs", options.hints.weights.size(),
                                 values.size()));
  }
  JacobianProblem problem{
      tangent.moved(f, values.size()), tangent.lengths(), named(values, options), {}};
  problem.inputs = chosen(problem.x, options);
  return problem;
}

}  // namespace dtheta::gradcheck::detail
