#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "gradcheck/errors.hpp"
#include "gradcheck/jacobian.hpp"
#include "gradcheck/jacobian/diagnose/diagnose.hpp"
#include "gradcheck/jacobian/judge/assemble.hpp"
#include "gradcheck/jacobian/judge/excuse.hpp"
#include "gradcheck/jacobian/problem.hpp"
#include "gradcheck/jacobian/shape.hpp"
#include "gradcheck/modes/known_corners.hpp"
#include "gradcheck/numeric/same_bits.hpp"

namespace dtheta::gradcheck {
namespace {

// A change of f(x) from one call to the next by up to this many roundings is called noise, as in
// check().
constexpr double tolerable_change = 0x1p-40;

/// How far every output changes from one call at x to the next.
struct Changes {
  std::vector<double> by_output;
  bool same = true;
  bool measurable = true;
};

Changes changes_of(const detail::JacobianProblem& problem) {
  Changes changes;
  const auto first = problem.outputs.values();
  const std::vector<double> lent(problem.x.values().begin(), problem.x.values().end());
  const std::vector<double> again = problem.f.at(lent, first.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    const bool same = detail::same_bits(first[i], again[i]);
    // What is not finite is named elsewhere, and hides nothing of the other outputs.
    const bool finite = std::isfinite(first[i]) && std::isfinite(again[i]);
    const double change = same || !finite ? 0.0 : std::abs(again[i] - first[i]);
    changes.by_output.push_back(change);
    changes.same = changes.same && same;
    if (!finite) continue;
    const double size = std::max(std::abs(first[i]), std::abs(again[i]));
    changes.measurable = changes.measurable && change <= tolerable_change * size;
  }
  return changes;
}

/// Whether f(x) has still the bits that it had before f was evaluated elsewhere.
void name_memory(detail::ProbeTable& table, JacobianResult& result) {
  if (detail::same_bits(table.moved({}), table.at_x())) return;
  result.deterministic = false;
  result.notes.emplace_back(
      "f gave the same bits at first and others after it was evaluated elsewhere: it remembers, as "
      "caches do");
}

/// Calls the options' progress about every tenth of a second.
class Watch {
 public:
  using Clock = std::chrono::steady_clock;

  Watch(const JacobianOptions& options, const detail::ProbeTable& table, std::size_t total)
      : options_(options), table_(table), total_(total) {}

  bool operator()(std::size_t done) {
    if (!options_.progress) return true;
    const auto now = Clock::now();
    if (now - told_ < std::chrono::milliseconds(100) && done < total_) return true;
    told_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    return options_.progress({done, total_, table_.evaluations(), seconds});
  }

 private:
  const JacobianOptions& options_;
  const detail::ProbeTable& table_;
  std::size_t total_;
  Clock::time_point start_ = Clock::now();
  Clock::time_point told_{};
};

/// What is wrong with the function that computes the Jacobian, apart from its values.
void name_habits(const Jacobian& jacobian, const ParameterVector& x,
                 const detail::RowMatrix& matrix, JacobianResult& result) {
  if (!jacobian.is_function()) return;
  const detail::RowMatrix again =
      detail::read_jacobian(jacobian, x.values(), matrix.rows, matrix.columns);
  if (!detail::same_bits(again.values, matrix.values)) {
    result.notes.emplace_back(
        "the Jacobian gave other bits when it was asked once more for the same x: it remembers, or "
        "reads what it never wrote");
    if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
  }
  if (matrix.unwritten > 0) {
    result.notes.push_back(fmt::format(
        "the Jacobian never wrote {} of its {} entries: who calls it finds there what the buffer "
        "held before",
        matrix.unwritten, matrix.size()));
  }
}

/// A Jacobian by the numbers in which points are stored has its own words.
void refuse_ambient(const Jacobian& jacobian, const ParameterVector& x,
                    const detail::JacobianProblem& problem) {
  const std::size_t m = problem.outputs.size(), n = problem.x.size();
  const bool given = jacobian.dense() && !jacobian.is_function() && jacobian.size() != m * n;
  if (!given || jacobian.size() != m * x.size()) return;
  throw ShapeError(
      fmt::format("jacobian: {} entries were given, which are {} outputs by the {} numbers that x "
                  "is stored in; with blocks on manifolds it must be by the {} numbers that x "
                  "moves by",
                  jacobian.size(), m, x.size(), n));
}

/// Where a retraction is none, derivatives by its tangent mean nothing.
void name_retractions(const ParameterVector& x, const JacobianOptions& options,
                      JacobianResult& result) {
  for (const ManifoldBlock& m : options.manifolds) {
    const std::string why = explain_retraction(m.manifold, x.values(m.block));
    if (why.empty()) continue;
    result.notes.insert(result.notes.begin(), fmt::format("{}: {}", m.block, why));
    result.causes.insert(result.causes.begin(), {JacobianPattern::retraction, 0.0, 1.0, m.block,
                                                 fmt::format("{}: {}", m.block, why)});
    if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
  }
}

std::size_t entries_of(const detail::RowMatrix& matrix, std::span<const Block> inputs) {
  std::size_t count = 0;
  for (const Block& block : inputs) {
    count += static_cast<std::size_t>(std::ranges::count_if(matrix.column_of, [&](std::size_t j) {
      return j >= block.offset && j < block.offset + block.size;
    }));
  }
  return count;
}

}  // namespace

void detail::require_jacobian_shape(std::size_t rows, std::size_t columns, std::size_t outputs,
                                    const ParameterVector& x, const JacobianOptions& options) {
  std::size_t moves = 0;
  for (const Block& block : x.blocks()) {
    const auto on = std::ranges::find(options.manifolds, block.name, &ManifoldBlock::block);
    moves += on == options.manifolds.end() ? block.size : on->manifold.tangent;
  }
  if (rows == outputs && columns == moves) return;
  const bool transposed = rows == moves && columns == outputs;
  throw ShapeError(fmt::format(
      "jacobian: it is {} x {}; f has {} outputs and x moves by {} numbers: {} x {} is needed{}",
      rows, columns, outputs, moves, outputs, moves, transposed ? " (it is transposed)" : ""));
}

JacobianResult check_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                              const ParameterVector& x, const JacobianOptions& options) {
  const detail::JacobianProblem problem = detail::pose(f, jacobian, x, options);
  refuse_ambient(jacobian, x, problem);
  const detail::RowMatrix matrix =
      detail::read_jacobian(jacobian, x.values(), problem.outputs.size(), problem.x.size());
  const Changes changes = changes_of(problem);
  const detail::Colouring colouring = detail::colour_columns(matrix);
  detail::ProbeTable table(problem.f, problem.x.values(),
                           {problem.outputs.values().begin(), problem.outputs.values().end()},
                           colouring, options.threads);
  Watch watch(options, table, entries_of(matrix, problem.inputs));
  const detail::KnownSides known =
      detail::known_corners(problem.x, problem.outputs, options.known_corners);
  const detail::JacobianRequest request{table,
                                        problem.x,
                                        matrix,
                                        problem.outputs.blocks(),
                                        problem.inputs,
                                        options.held_to(),
                                        options.jacobian_roundoff,
                                        changes.by_output,
                                        std::ref(watch),
                                        known.inputs,
                                        known.outputs};
  JacobianResult result;
  result.rows = matrix.rows;
  result.columns = matrix.columns;
  result.dense = matrix.dense;
  result.colours = colouring.columns.size();
  result.tolerance = options.held_to();
  result.values.assign(problem.outputs.values().begin(), problem.outputs.values().end());
  result.deterministic = changes.same;

  detail::JacobianFindings findings;
  std::size_t excused = 0, apart = 0;  // evaluations beside the table's
  if (changes.measurable) {
    findings = detail::judge_jacobian(request);
    // Along a tangent the Jacobian elsewhere is by another tangent: there it excuses nothing.
    if (findings.complete && jacobian.is_function() && options.manifolds.empty()) {
      excused = detail::excuse_degenerate_rows(request, problem.f, jacobian, findings, apart);
    }
  } else {
    findings.entries.assign(matrix.size(), detail::Finding{});
    findings.reference.assign(matrix.size(), 0.0);
    findings.noise = changes.by_output;
  }
  if (result.deterministic && changes.measurable) name_memory(table, result);
  result.evaluations = table.evaluations() + apart + 2;
  detail::assemble(result, request, problem.outputs, findings, options.worst_entries,
                   options.manifolds.empty() ? "" : ", options");
  detail::diagnose(
      result,
      {request, problem.outputs, findings, options.hints, {f, x, matrix.rows, options.manifolds}});
  name_retractions(x, options, result);
  if (excused > 0) {
    result.notes.push_back(fmt::format(
        "x lies on several corners of f at once: {} entries disagree here, but jump at this point "
        "and agree on either side of it; check at an x beside",
        excused));
  }
  if (const Throws& thrown = table.throws(); thrown.count > 0) {
    result.notes.push_back(fmt::format(
        "f threw at {} of the points around x, which were taken to lie outside its domain; the "
        "first time: {}",
        thrown.count, thrown.first));
  }
  if (!table.left_untouched()) {
    result.notes.emplace_back("f wrote into the x that it was lent");
    if (result.verdict == Verdict::pass) result.verdict = Verdict::inconclusive;
  }
  if (result.complete) name_habits(jacobian, x, matrix, result);
  return result;
}

JacobianResult check_jacobian(const VectorFunction& f, const Jacobian& jacobian,
                              std::span<const double> x, const JacobianOptions& options) {
  ParameterVector named;
  named.add("x", 0, {x.size()}, x);
  return check_jacobian(f, jacobian, named, options);
}

}  // namespace dtheta::gradcheck
