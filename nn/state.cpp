#include "nn/state.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

using Entry = SafetensorsFile::Entry;

/// A parameter or a buffer while it is being loaded.
struct Slot {
  std::string name;  // in the file
  Tensor* value;
  Parameter* parameter;  // if it is one
  Tensor next{};
};

std::vector<Slot> slots_of(const ModelRef& model, const std::string& prefix) {
  const ModelFields all = model.fields();
  std::vector<Slot> slots;
  for (const auto& p : all.parameters) {
    slots.push_back({prefix + p.path, &p.member->value, p.member});
  }
  for (const auto& b : all.buffers) {
    slots.push_back({prefix + b.path, &b.member->value, nullptr});
  }
  return slots;
}

bool is_whole(const Tensor& value) { return value.dtype() == DType::int64; }
bool is_whole(const Entry& entry) {
  return entry.dtype.starts_with('I') || entry.dtype.starts_with('U') || entry.dtype == "BOOL";
}

/// PyTorch's batch norm counts its batches; here only the momentum matters. What a checkpoint keeps
/// beside the weights is not the model's.
bool is_ignored(std::string_view name) {
  if (name.starts_with(checkpoint_prefix)) return true;
  constexpr std::string_view counter = "num_batches_tracked";
  return name == counter || name.ends_with(".num_batches_tracked");
}

/// What a file and a model disagree on.
struct Comparison {
  std::vector<const Slot*> missing{};
  std::vector<const Entry*> unexpected{};
  std::vector<std::string> mismatched{};  // in words
};

Comparison compare(const std::vector<Slot>& slots, const SafetensorsFile& file,
                   const std::string& prefix) {
  Comparison result;
  std::set<std::string_view> expected;
  for (const Slot& slot : slots) {
    expected.insert(slot.name);
    const Entry* entry = file.find(slot.name);
    if (entry == nullptr) {
      result.missing.push_back(&slot);
    } else if (entry->shape != slot.value->shape()) {
      result.mismatched.push_back(fmt::format("{} is {} in the file, {} in the model", slot.name,
                                              to_string(entry->shape),
                                              to_string(slot.value->shape())));
    } else if (is_whole(*slot.value) && !is_whole(*entry)) {
      result.mismatched.push_back(
          fmt::format("{} is {} in the file, int64 in the model", slot.name, entry->dtype));
    }
  }
  for (const Entry& entry : file.entries()) {
    if (expected.contains(entry.name) || !entry.name.starts_with(prefix)) continue;
    if (!is_ignored(entry.name)) result.unexpected.push_back(&entry);
  }
  return result;
}

void require_fit(const std::string& file, const Comparison& found, bool strict) {
  std::vector<std::string> lines;
  const auto add = [&](std::string_view what, const auto& list, auto&& in_words) {
    if (list.empty()) return;
    std::vector<std::string> words;
    words.reserve(list.size());
    for (const auto& one : list) words.push_back(in_words(one));
    lines.push_back(fmt::format("  {}: {}", what, fmt::join(words, ", ")));
  };
  if (strict) {
    add("missing", found.missing,
        [](const Slot* s) { return fmt::format("{} {}", s->name, to_string(s->value->shape())); });
    add("unexpected", found.unexpected,
        [](const Entry* e) { return fmt::format("{} {}", e->name, to_string(e->shape)); });
  }
  add("different", found.mismatched, [](const std::string& s) { return s; });
  if (lines.empty()) return;
  throw ValueError(
      fmt::format("load {}: the file does not fit the model\n{}", file, fmt::join(lines, "\n")));
}

/// Throws for what becomes infinite on the way.
Tensor converted(const NamedTensor& from, DType dtype) {
  Tensor to = from.value.to(dtype);
  if (dtype != DType::float32 || from.value.dtype() != DType::float64) return to;
  const std::span<const double> wide = from.value.data<double>();
  const std::span<const float> narrow = std::as_const(to).data<float>();
  for (std::size_t i = 0; i < wide.size(); ++i) {
    if (std::isinf(narrow[i]) && std::isfinite(wide[i])) {
      throw ValueError(fmt::format("save: element {} of {} is {}, too large for float32", i,
                                   from.name, wide[i]));
    }
  }
  return to;
}

}  // namespace

std::vector<NamedTensor> state_of(const ModelView& model) {
  const ModelFields all = model.fields();
  std::vector<std::string> pending;
  std::vector<NamedTensor> state;
  for (const auto& p : all.parameters) {
    if (p.member->pending) pending.push_back(p.path);
    state.push_back({p.path, p.member->value});
  }
  if (!pending.empty()) {
    throw StateError(
        fmt::format("state: {} {} no values yet: call initialize(model, seed), or load them",
                    fmt::join(pending, ", "), pending.size() == 1 ? "has" : "have"));
  }
  for (const auto& b : all.buffers) state.push_back({b.path, b.member->value});
  return state;
}

void save(const std::string& file, const ModelView& model, const SaveOptions& options) {
  if (options.dtype == DType::int64) throw ValueError("save: dtype int64, must be a real one");
  std::vector<NamedTensor> state = state_of(model);
  for (NamedTensor& tensor : state) {
    if (options.dtype && !is_whole(tensor.value)) tensor.value = converted(tensor, *options.dtype);
  }
  write_safetensors(file, state, options.metadata);
}

LoadReport load(const std::string& file, const ModelRef& model, const LoadOptions& options) {
  const SafetensorsFile source(file);
  std::vector<Slot> slots = slots_of(model, options.prefix);
  const Comparison found = compare(slots, source, options.prefix);
  require_fit(file, found, options.strict);
  LoadReport report;
  for (const Slot* slot : found.missing) report.missing.push_back(slot->name);
  for (const Entry* entry : found.unexpected) report.unexpected.push_back(entry->name);

  // All that can fail comes first.
  std::erase_if(slots, [&](const Slot& slot) { return source.find(slot.name) == nullptr; });
  for (Slot& slot : slots) {
    Tensor read = source.read(slot.name);
    slot.next = is_whole(*slot.value) ? std::move(read) : read.to(DType::float64);
  }
  for (Slot& slot : slots) {
    *slot.value = std::move(slot.next);
    if (slot.parameter == nullptr) continue;
    slot.parameter->pending = false;
    slot.parameter->init = nullptr;
  }
  return report;
}

}  // namespace dtheta::nn
