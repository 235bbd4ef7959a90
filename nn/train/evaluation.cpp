#include "nn/train/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/train/batch_shape.hpp"
#include "nn/train/step_program.hpp"

namespace dtheta::nn::detail {
Table rows_to_record(const TableView& table, std::span<const Index> rows, bool binary,
                     bool no_labels) {
  Table chosen = table.rows(rows);
  if (!table.has(target_column) || table[target_column].dtype() != DType::int64) return chosen;
  const Tensor& targets = chosen[target_column];
  const bool as_real = binary && targets.shape().rank() == 1;
  if (!as_real && !no_labels) return chosen;
  Tensor to_record = as_real ? Tensor(Shape{targets.size(), 1}, DType::float32)
                             : Tensor(targets.shape(), DType::int64);
  if (as_real) {
    std::ranges::transform(targets.data<Index>(), to_record.data<float>().begin(),
                           [](Index label) { return static_cast<float>(label); });
  }
  Table converted;
  for (const Table::Column& c : chosen.columns()) {
    converted.add(c.name, c.name == target_column ? to_record : c.values);
  }
  return converted;
}

Evaluation::Evaluation(const ModelView& model, BatchCost cost, const TableView& like, bool binary,
                       unsigned threads)
    : model_(model), cost_(std::move(cost)), like_(like), binary_(binary), threads_(threads) {}

Evaluation::Compiled& Evaluation::compiled(Index size, bool with_cost) {
  std::unique_ptr<Compiled>& known = compiled_[{size, with_cost}];
  if (known) return *known;
  auto made = std::make_unique<Compiled>();
  std::vector<Index> rows(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i) % like_.count();
  const Table example = rows_to_record(like_, rows, binary_);
  made->cost = record_cost(made->tape, model_, example, cost_, {}, Mode::evaluate);
  std::vector<Var> outputs;
  if (with_cost) outputs.push_back(made->cost.cost);
  if (made->cost.output.exists()) outputs.push_back(made->cost.output);
  if (outputs.empty()) {
    throw StateError(
        "trainer: the cost function gives no output of the model, which metrics and predictions "
        "need: return {cost, output}");
  }
  made->workspace.emplace(Plan(outputs), threads_);
  known = std::move(made);
  return *known;
}

void Evaluation::require_fits(const TableView& data, const Compiled& program) const {
  for (const auto& [name, leaf] : program.cost.columns) {
    if (!program.workspace->plan().has_leaf(leaf)) continue;
    const Shape &given = data[name].shape(), &wanted = like_[name].shape();
    if (given.rank() < 1 || given[0] < 1 || example_of(given) != example_of(wanted)) {
      throw ShapeError(fmt::format(
          "trainer: column '{}' {} does not hold examples of shape {}, as it did in training", name,
          to_string(given), to_string(example_of(wanted))));
    }
    if (leaf.is_index() != (data[name].dtype() == DType::int64) && !binary_) {
      throw TypeError(fmt::format("trainer: column '{}' is {}, it was {} in training", name,
                                  to_string(data[name].dtype()), to_string(like_[name].dtype())));
    }
  }
}

void Evaluation::set(Compiled& program, std::span<const NamedWeights> weights) {
  const auto put = [&](const std::string& name, Var leaf) {
    if (!program.workspace->plan().has_leaf(leaf)) return;
    const auto at = std::ranges::find(weights, name, &NamedWeights::path);
    if (at == weights.end()) return;
    std::ranges::copy(at->values, program.workspace->leaf(leaf).begin());
  };
  for (const RecordedParameter& p : program.cost.parameters) put(p.name, p.var);
  for (const RecordedParameter& p : program.cost.frozen) put(p.name, p.var);
  for (const RecordedBuffer& b : program.cost.buffers) put(b.name, b.var);
}

void Evaluation::load(Compiled& program, const TableView& data, std::span<const Index> rows) const {
  for (const auto& [name, leaf] : program.cost.columns) {
    if (program.workspace->plan().has_leaf(leaf)) {
      load_column(data[name], rows, leaf, *program.workspace);
    }
  }
}

Evaluation::Result Evaluation::run(const TableView& data, std::span<const Index> rows,
                                   std::span<const Metric> metrics,
                                   std::span<const NamedWeights> weights, bool with_cost) {
  Result result;
  std::vector<std::vector<double>> sums(metrics.size());
  const auto size_of_all = static_cast<Index>(rows.size());
  const Compiled* last = nullptr;
  for (Index start = 0; start < size_of_all; start += batch_size) {
    const Index size = std::min(batch_size, size_of_all - start);
    Compiled& program = compiled(size, with_cost);
    if (&program != last) {
      require_fits(data, program);
      set(program, weights);
      last = &program;
    }
    const auto batch =
        rows.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(size));
    load(program, data, batch);
    program.workspace->run();
    if (with_cost) {
      result.cost += static_cast<double>(size) *
                     static_cast<double>((*program.workspace)[program.cost.cost][0]);
    }
    if (metrics.empty()) continue;
    if (!program.cost.output.exists()) {
      throw StateError(
          "trainer: the cost function gives no output of the model, which metrics need: return "
          "{cost, output}");
    }
    const Tensor outputs = program.workspace->tensor(program.cost.output);
    const Table table = data.rows(batch);
    for (std::size_t m = 0; m < metrics.size(); ++m) metrics[m].add(outputs, table, sums[m]);
  }
  result.cost = with_cost ? result.cost / static_cast<double>(size_of_all)
                          : std::numeric_limits<double>::quiet_NaN();
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    result.metrics.push_back(metrics[m].value(sums[m]));
  }
  return result;
}

Tensor Evaluation::predict(const TableView& data, std::span<const NamedWeights> weights) {
  const Index count = data.count();
  if (count < 1) throw ShapeError("trainer: there are no examples to predict");
  std::optional<Tensor> all;
  std::vector<Index> rows;
  const Compiled* last = nullptr;
  for (Index start = 0; start < count; start += batch_size) {
    const Index size = std::min(batch_size, count - start);
    Compiled& program = compiled(size, false);
    if (&program != last) {
      require_fits(data, program);
      set(program, weights);
      last = &program;
    }
    rows.resize(static_cast<std::size_t>(size));
    std::iota(rows.begin(), rows.end(), start);
    load(program, data, rows);
    program.workspace->run();
    const Var output = program.cost.output;
    if (output.rank() < 1 || output.shape()[0] != size) {
      throw ShapeError(fmt::format("trainer: the output {} is not one for each of {} examples",
                                   to_string(output.shape()), size));
    }
    if (!all) all.emplace(with_count(output.shape(), count), DType::float32);
    const std::span<const float> values = (*program.workspace)[output];
    const Index width = output.size() / size;
    std::ranges::copy(values, all->data<float>().begin() + start * width);
  }
  return std::move(*all);
}

}  // namespace dtheta::nn::detail
