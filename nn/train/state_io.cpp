#include "nn/train/state_io.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <limits>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {
namespace {

constexpr std::string_view history_prefix = "history.";

bool is_of_program(std::string_view name) {
  return name.starts_with("model.") || name.starts_with("optimizer.") ||
         name.starts_with("average.");
}

/// The numbers of a column of the history.
std::vector<double> column(std::span<const EpochReport> history, auto&& value) {
  std::vector<double> values;
  for (const EpochReport& e : history) values.push_back(value(e));
  return values;
}

}  // namespace

Settings settings_of(const TrainerOptions& options, Index examples, const ModelFields& model) {
  Settings all{{"batch_size", static_cast<double>(options.batch_size)},
               {"micro_batches", static_cast<double>(options.micro_batches)},
               {"examples", static_cast<double>(examples)},
               {"seed_low", static_cast<double>(options.seed & 0xffffffffU)},
               {"seed_high", static_cast<double>(options.seed >> 32U)}};
  for (const auto& s : model.streams) {
    if (!s.member->key) continue;
    all.emplace_back("stream." + s.path + ".seed", static_cast<double>(s.member->key->seed));
    all.emplace_back("stream." + s.path + ".stream", static_cast<double>(s.member->key->stream));
  }
  return all;
}

void require_same_settings(const Settings& here, const TrainerState& state) {
  for (const auto& [name, value] : here) {
    const double kept = state.number(name);
    if (kept == value) continue;
    const bool of_stream = name.starts_with("stream.");
    throw ValueError(fmt::format(
        "trainer: {} is {} here and {} in the state to restore{}", name, value, kept,
        of_stream ? ": initialize the model with the seed that it had, before the trainer is made"
                  : ""));
  }
}

void require_same_tensors(const StepProgram& program, const TrainerState& state) {
  std::vector<std::string> missing, unexpected, mismatched;
  for (const StepProgram::State& s : program.states()) {
    const Tensor* value = state.find(s.name);
    if (value == nullptr) {
      missing.push_back(s.name);
    } else if (value->shape() != s.leaf.shape() || value->dtype() == DType::int64) {
      mismatched.push_back(fmt::format("{} is {} here and {} there", s.name,
                                       to_string(s.leaf.shape()), to_string(value->shape())));
    }
  }
  for (const auto& t : state.tensors) {
    const auto is_it = [&](const StepProgram::State& s) { return s.name == t.name; };
    if (is_of_program(t.name) && std::ranges::none_of(program.states(), is_it)) {
      unexpected.push_back(fmt::format("{} {}", t.name, to_string(t.value.shape())));
    }
  }
  if (missing.empty() && unexpected.empty() && mismatched.empty()) return;
  std::string text = "trainer: the state to restore is of another model or optimiser";
  const auto list = [&](std::string_view what, const std::vector<std::string>& names) {
    if (!names.empty()) text += fmt::format("\n  {}: {}", what, fmt::join(names, ", "));
  };
  list("missing in it", missing);
  list("unexpected in it", unexpected);
  list("of another shape", mismatched);
  throw ValueError(text);
}

void write_history(std::span<const EpochReport> history, TrainerState& to) {
  if (history.empty()) return;
  const auto add = [&](const std::string& name, auto&& value) {
    const std::vector<double> values = column(history, value);
    to.tensors.push_back(
        {std::string(history_prefix) + name,
         Tensor(Shape{static_cast<Index>(values.size())}, std::span<const double>(values))});
  };
  add("cost", [](const EpochReport& e) { return e.cost; });
  add("seconds", [](const EpochReport& e) { return e.seconds; });
  add("learning_rate", [](const EpochReport& e) { return e.learning_rate; });
  for (const NamedValue& m : history.back().metrics) {
    add(m.name, [&](const EpochReport& e) {
      const auto at = std::ranges::find(e.metrics, m.name, &NamedValue::name);
      return at == e.metrics.end() ? std::numeric_limits<double>::quiet_NaN() : at->value;
    });
  }
}

std::vector<EpochReport> read_history(const TrainerState& from, Index epochs, Index steps,
                                      std::span<const Metric> metrics) {
  std::vector<EpochReport> history(static_cast<std::size_t>(epochs));
  for (std::size_t e = 0; e < history.size(); ++e) {
    history[e].epoch = static_cast<int>(e) + 1;
    history[e].steps = steps;
  }
  const auto place = [&](const std::string& name) {
    if (name == "validation cost") return std::size_t{0};
    return 1 + static_cast<std::size_t>(std::ranges::find(metrics, name, &Metric::name) -
                                        metrics.begin());
  };
  for (const auto& t : from.tensors) {
    if (!t.name.starts_with(history_prefix) || history.empty()) continue;
    const std::string name = t.name.substr(history_prefix.size());
    if (t.value.shape() != Shape{epochs} || t.value.dtype() != DType::float64) {
      throw ValueError(fmt::format("trainer: {} in the state is {}, {} epochs are done", t.name,
                                   to_string(t.value.shape()), epochs));
    }
    for (std::size_t e = 0; e < history.size(); ++e) {
      const double value = t.value.data<double>()[e];
      if (name == "cost")
        history[e].cost = value;
      else if (name == "seconds")
        history[e].seconds = value;
      else if (name == "learning_rate")
        history[e].learning_rate = value;
      else
        history[e].metrics.push_back({name, value});
    }
  }
  for (EpochReport& e : history) {
    std::ranges::stable_sort(e.metrics, {}, [&](const NamedValue& m) { return place(m.name); });
  }
  return history;
}

}  // namespace dtheta::nn::detail
