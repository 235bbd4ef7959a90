#include "gradcheck/trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <ostream>
#include <set>

#include "gradcheck/errors.hpp"
#include "gradcheck/modes/conduct.hpp"
#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck {
namespace {

/// d_out . forward(in), whose gradient d_in must be.
Result check_backward(const TraceStage& stage, Options options) {
  ParameterVector gradient = stage.in;
  options.blocks.clear();
  options.layers.clear();
  for (const Block& block : stage.d_in.blocks()) {
    const Block& own = stage.in.block(block.name);
    if (own.size != block.size) {
      throw ShapeError(
          fmt::format("trace: in stage {} the derivative by {} has {} entries, {} has {}",
                      stage.name, block.name, block.size, block.name, own.size));
    }
    std::ranges::copy(stage.d_in.values(block.name), gradient.values(block.name).begin());
    options.blocks.push_back(block.name);
  }
  const std::size_t outputs = stage.d_out.size();
  const Cost cost = [&](std::span<const double> in) {
    const std::vector<double> out = stage.forward.at(in, outputs);
    double sum = 0.0;
    for (std::size_t i = 0; i < outputs; ++i) sum += stage.d_out[i] * out[i];
    return sum;
  };
  return check(cost, gradient, stage.in, options);
}

/// The sum over the stages behind of what they say of an array; empty where none takes it in, or
/// one of those that do does not say.
std::vector<double> said_behind(std::span<const TraceStage> behind, const std::string& name) {
  std::vector<double> sum;
  for (const TraceStage& stage : behind) {
    const auto has = [&](const ParameterVector& v) {
      return std::ranges::find(v.blocks(), name, &Block::name) != v.blocks().end();
    };
    if (!has(stage.in)) continue;
    if (!has(stage.d_in)) return {};
    const auto said = stage.d_in.values(name);
    if (sum.empty()) sum.assign(said.size(), 0.0);
    if (sum.size() != said.size()) {
      throw ShapeError(fmt::format("trace: {} has {} entries in one stage and {} in {}", name,
                                   sum.size(), said.size(), stage.name));
    }
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += said[i];
  }
  return sum;
}

/// Whether what is handed on is what was said, within the tolerance that derivatives are held to:
/// it is the same numbers, but for the order in which several terms are added.
void require_handed_on(const TraceStage& stage, std::span<const TraceStage> behind,
                       const Options& options, StageResult& result) {
  const std::vector<double> said = said_behind(behind, stage.out);
  if (said.empty()) return;
  if (said.size() != stage.d_out.size()) {
    throw ShapeError(
        fmt::format("trace: stage {} was given {} derivatives by {}, those behind it have {}",
                    stage.name, stage.d_out.size(), stage.out, said.size()));
  }
  double largest = 0.0;
  for (const double s : said) largest = std::max(largest, std::abs(s));
  for (std::size_t i = 0; i < said.size(); ++i) {
    if (std::abs(said[i] - stage.d_out[i]) <= options.held_to() * largest) continue;
    result.handed_on = false;
    result.note = fmt::format(
        "the derivative by {} is not what the stages behind made of it: entry {} is {:.9g}, their "
        "sum is {:.9g}",
        stage.out, i, stage.d_out[i], said[i]);
    return;
  }
}

std::string_view word_of(const StageResult& stage) {
  if (!stage.handed_on && stage.backward.verdict != Verdict::fail) return "not handed on";
  return to_string(stage.backward.verdict);
}

}  // namespace

TraceResult check_trace(std::span<const TraceStage> stages, const Options& options) {
  detail::refuse_budget(options, "check_trace");
  if (stages.empty()) throw ShapeError("trace: it has no stages");
  std::set<std::string> outputs;
  TraceResult result{.verdict = Verdict::pass};
  for (std::size_t k = 0; k < stages.size(); ++k) {
    const TraceStage& stage = stages[k];
    if (!outputs.insert(stage.out).second) {
      throw NameError(fmt::format("trace: two stages compute {}", stage.out));
    }
    StageResult found{.name = stage.name, .backward = check_backward(stage, options)};
    require_handed_on(stage, stages.subspan(k + 1), options, found);
    if (found.is_wrong()) {
      result.verdict = Verdict::fail;
      result.first_wrong = k;
    } else if (found.backward.verdict == Verdict::inconclusive && result.verdict == Verdict::pass) {
      result.verdict = Verdict::inconclusive;
    }
    result.stages.push_back(std::move(found));
  }
  return result;
}

std::string report(const TraceResult& result, bool colour) {
  std::string text =
      fmt::format("backpropagation by hand, stage by stage: {}\n", to_string(result.verdict));
  const auto line = std::back_inserter(text);
  for (std::size_t k = result.stages.size(); k-- > 0;) {
    const StageResult& stage = result.stages[k];
    fmt::format_to(line, "  {:<24} difference {:9.3e}  {}\n", stage.name,
                   stage.backward.difference.value, word_of(stage));
  }
  if (!result.first_wrong) return text;
  const StageResult& wrong = result.stages[*result.first_wrong];
  fmt::format_to(line, "the first wrong stage on the way back is {}", wrong.name);
  if (*result.first_wrong > 0) text += "; what was computed from it cannot be right either";
  text += '\n';
  if (!wrong.note.empty()) fmt::format_to(line, "{}\n", wrong.note);
  if (wrong.backward.verdict == Verdict::fail) {
    text += report(wrong.backward, ReportStyle{.colour = colour});
  }
  return text;
}

std::ostream& operator<<(std::ostream& out, const TraceResult& result) {
  return out << report(result);
}

}  // namespace dtheta::gradcheck
