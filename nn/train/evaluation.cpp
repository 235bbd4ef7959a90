#include "nn/train/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "autodiff/errors.hpp"
#include "nn/data/batch_shape.hpp"
#include "nn/data/batches.hpp"
#include "nn/distributed/tree_sum.hpp"
#include "nn/train/step/refused_index.hpp"
#include "nn/train/step/step_program.hpp"

namespace dtheta::nn::detail {
namespace {

/// Joins what ranks have of a list whose pieces they share as parts_of says, on all of them.
std::vector<float> gather(Team& team, std::span<const float> own,
                          std::span<const std::size_t> lengths) {
  std::vector<float> all(std::accumulate(lengths.begin(), lengths.end(), std::size_t{0}));
  std::vector<Team::Ticket> tickets;
  std::span<float> left = all;
  for (int r = 0; r < team.size(); ++r) {
    const PartRange pieces = parts_of(r, team.size(), static_cast<Index>(lengths.size()));
    const std::size_t count = std::accumulate(lengths.begin() + pieces.first,
                                              lengths.begin() + pieces.last, std::size_t{0});
    const std::span<float> theirs = left.first(count);
    left = left.subspan(count);
    if (r == team.rank()) {
      std::ranges::copy(own, theirs.begin());
      continue;
    }
    if (!own.empty()) tickets.push_back(team.send(r, std::as_bytes(own)));
    if (count > 0) tickets.push_back(team.receive(r, std::as_writable_bytes(theirs)));
  }
  team.wait(tickets, "what others say of the validation examples");
  return all;
}

}  // namespace

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

Evaluation::Evaluation(const ModelView& model, BatchCost cost, const TableView& like,
                       Options options)
    : model_(model), cost_(std::move(cost)), like_(like), options_(options) {}

Evaluation::Compiled& Evaluation::compiled(Index size, bool with_cost) {
  std::unique_ptr<Compiled>& known = compiled_[{size, with_cost}];
  if (known) return *known;
  auto made = std::make_unique<Compiled>();
  std::vector<Index> rows(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<Index>(i) % like_.count();
  const Table example = rows_to_record(like_, rows, options_.binary);
  made->cost = record_cost(made->tape, model_, example, cost_, {}, Mode::evaluate);
  std::vector<Var> outputs;
  if (with_cost) outputs.push_back(made->cost.cost);
  if (made->cost.output.exists()) outputs.push_back(made->cost.output);
  if (outputs.empty()) {
    throw StateError(
        fmt::format("{}: the cost function gives no output of the model, which metrics and "
                    "predictions need: return {{cost, output}}",
                    options_.who));
  }
  made->last = *std::ranges::max_element(outputs, {}, &Var::index);
  made->workspace.emplace(Plan(outputs), options_.threads);
  known = std::move(made);
  return *known;
}

void Evaluation::require_fits(const TableView& data, const Compiled& program) const {
  for (const auto& [name, leaf] : program.cost.columns) {
    if (!program.workspace->plan().has_leaf(leaf)) continue;
    const Shape &given = data[name].shape(), &wanted = like_[name].shape();
    if (given.rank() < 1 || given[0] < 1 || example_of(given) != example_of(wanted)) {
      throw ShapeError(fmt::format(
          "{}: column '{}' {} does not hold examples of shape {}, as those that it was made for do",
          options_.who, name, to_string(given), to_string(example_of(wanted))));
    }
    if (leaf.is_index() != (data[name].dtype() == DType::int64) && !options_.binary) {
      throw TypeError(fmt::format("{}: column '{}' is {}, that which it was made for is {}",
                                  options_.who, name, to_string(data[name].dtype()),
                                  to_string(like_[name].dtype())));
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

void Evaluation::run(Compiled& program, std::span<const Index> rows) const {
  try {
    program.workspace->run();
  } catch (const ValueError& e) {
    const std::string where =
        place_of_refused_index(program.cost, program.last, *program.workspace);
    if (where.empty()) throw;
    throw ValueError(fmt::format("{}\n  in {}, evaluated on rows {} to {}", e.what(), where,
                                 rows.front(), rows.back()));
  }
}

template <class F>
void Evaluation::for_each_batch(const TableView& data, std::span<const Index> rows,
                                std::span<const NamedWeights> weights, bool with_cost, F use) {
  const auto batch_size = static_cast<std::size_t>(options_.batch_size);
  const Compiled* last = nullptr;
  for (std::size_t start = 0; start < rows.size(); start += batch_size) {
    const auto batch = rows.subspan(start, std::min(batch_size, rows.size() - start));
    Compiled& program = compiled(static_cast<Index>(batch.size()), with_cost);
    if (&program != last) {
      require_fits(data, program);
      set(program, weights);
      last = &program;
    }
    load(program, data, batch);
    run(program, batch);
    use(program, batch);
  }
}

void Evaluation::append(const Compiled& program, bool with_cost, bool with_outputs,
                        std::vector<float>& said) const {
  const auto put = [&](Var v) {
    const std::span<const float> values = (*program.workspace)[v];
    said.insert(said.end(), values.begin(), values.end());
  };
  if (with_cost) put(program.cost.cost);
  if (!with_outputs) return;
  if (!program.cost.output.exists()) {
    throw StateError(
        fmt::format("{}: the cost function gives no output of the model, which metrics need: "
                    "return {{cost, output}}",
                    options_.who));
  }
  put(program.cost.output);
}

Evaluation::Result Evaluation::run(const TableView& data, std::span<const Index> rows,
                                   std::span<const Metric> metrics,
                                   std::span<const NamedWeights> weights, bool with_cost,
                                   Team* team) {
  const Index count = static_cast<Index>(rows.size()), each = options_.batch_size;
  const Index batches = (count + each - 1) / each;
  const auto rows_in = [&](Index first, Index last) {  // of batches
    const Index start = std::min(first * each, count), stop = std::min(last * each, count);
    return rows.subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(stop - start));
  };
  double cost = 0;
  std::vector<std::vector<double>> sums(metrics.size());
  const auto output_of = [&](Index b) {
    const auto size = static_cast<Index>(rows_in(b, b + 1).size());
    return metrics.empty() ? Var{} : compiled(size, with_cost).cost.output;
  };
  const auto take = [&](Index b, std::span<const float> said) {
    const std::span<const Index> batch = rows_in(b, b + 1);
    if (with_cost) {
      cost += static_cast<double>(batch.size()) * static_cast<double>(said.front());
      said = said.subspan(1);
    }
    if (metrics.empty()) return;
    const Tensor outputs(output_of(b).shape(), said);
    const Table table = data.rows(batch);
    for (std::size_t m = 0; m < metrics.size(); ++m) metrics[m].add(outputs, table, sums[m]);
  };
  const bool shared = team != nullptr && team->size() > 1;
  const PartRange own =
      shared ? parts_of(team->rank(), team->size(), batches) : PartRange{0, batches};
  Index at = own.first;
  std::vector<float> said;
  for_each_batch(data, rows_in(own.first, own.last), weights, with_cost,
                 [&](const Compiled& program, std::span<const Index>) {
                   if (!shared) said.clear();
                   append(program, with_cost, !metrics.empty(), said);
                   if (!shared) take(at++, said);
                 });
  if (shared) {
    std::vector<std::size_t> lengths;
    for (Index b = 0; b < batches; ++b) {
      const Var output = output_of(b);
      lengths.push_back((with_cost ? 1U : 0U) +
                        (output.exists() ? static_cast<std::size_t>(output.size()) : 0U));
    }
    const std::vector<float> all = gather(*team, said, lengths);
    std::span<const float> left = all;
    for (Index b = 0; b < batches; ++b) {
      const std::size_t length = lengths[static_cast<std::size_t>(b)];
      take(b, left.first(length));
      left = left.subspan(length);
    }
  }
  Result result{.cost = with_cost ? cost / static_cast<double>(count)
                                  : std::numeric_limits<double>::quiet_NaN()};
  for (std::size_t m = 0; m < metrics.size(); ++m) {
    result.metrics.push_back(metrics[m].value(sums[m]));
  }
  return result;
}

Tensor Evaluation::predict(const TableView& data, std::span<const NamedWeights> weights) {
  const Index count = data.count();
  if (count < 1) {
    throw ShapeError(fmt::format("{}: there are no examples to predict", options_.who));
  }
  std::optional<Tensor> all;
  for_each_batch(
      data, all_rows(count), weights, false,
      [&](const Compiled& program, std::span<const Index> batch) {
        const Var output = program.cost.output;
        const auto size = static_cast<Index>(batch.size());
        if (output.rank() < 1 || output.shape()[0] != size) {
          throw ShapeError(fmt::format("{}: the output {} is not one for each of {} examples",
                                       options_.who, to_string(output.shape()), size));
        }
        if (!all) all.emplace(with_count(output.shape(), count), DType::float32);
        const Index width = output.size() / size;
        std::ranges::copy((*program.workspace)[output],
                          all->data<float>().begin() + batch.front() * width);
      });
  return std::move(*all);
}

}  // namespace dtheta::nn::detail
