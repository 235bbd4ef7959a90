#include "nn/recording.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace dtheta::nn {
namespace {

/// " at model.cpp:42", where somebody said.
std::string line_of(const SourceLocation& at) {
  return at.line() == 0 ? "" : fmt::format(" at {}:{}", at.file_name(), at.line());
}

}  // namespace

Recording::Recording(Tape& tape, ModelFields model, Mode mode)
    : tape_(tape), mode_(mode), of_model_(true) {
  for (const auto& p : model.parameters) {
    places_.emplace(p.member, Place{p.path, p.layer});
    listed_.push_back(p.path);
  }
  for (const auto& b : model.buffers) places_.emplace(b.member, Place{b.path, b.layer});
  for (const auto& m : model.modules) modules_.emplace(std::pair{m.address, m.id}, m.path);
}

/// "in encoder.0 (Block)": the layer that is being recorded.
std::string Recording::here() const {
  if (open_.empty()) return "the model";
  const LayerCall& call = calls_[open_.back()];
  return call.path.empty() ? call.type : fmt::format("{} ({})", call.path, call.type);
}

const Recording::Place* Recording::place_of(const void* member, std::string_view kind,
                                            const std::string& name,
                                            const SourceLocation& where) const {
  if (!of_model_) return nullptr;
  const auto at = places_.find(member);
  if (at != places_.end()) return &at->second;
  throw StateError(fmt::format(
      "recording: {} uses the {} {}, which no fields() of the model lists: list it, or the layer "
      "that holds it. It is used{}",
      here(), kind, name, line_of(where)));
}

/// The name of one that stands alone, with the next number that no other has.
std::string Recording::free_name(const Parameter& parameter) const {
  const auto is_taken = [&](const std::string& name) {
    return std::ranges::find(parameters_, name, &RecordedParameter::name) != parameters_.end() ||
           std::ranges::find(frozen_, name, &RecordedParameter::name) != frozen_.end();
  };
  int number = parameter.layer;
  std::string name = parameter.name();
  while (is_taken(name)) name = parameter.symbol + std::to_string(++number);
  return name;
}

Var Recording::operator()(const Parameter& parameter, SourceLocation at) {
  Tape& on = tape();
  if (const auto known = known_.find(&parameter); known != known_.end()) {
    const auto [frozen, i] = known->second;
    const RecordedParameter& met = frozen ? frozen_[i] : parameters_[i];
    if (!met.watch.is_gone()) return met.var;
    throw StateError(
        fmt::format("recording: {} lies where {} was recorded from, which is gone: a network must "
                    "stay where it is as long as its recording is used",
                    parameter.name(), met.name));
  }
  const Place* place =
      place_of(&parameter, "parameter",
               fmt::format("{} {}", parameter.symbol, to_string(parameter.value.shape())), at);
  const std::string name = place != nullptr ? place->path : free_name(parameter);
  if (parameter.pending) {
    throw StateError(fmt::format(
        "recording: {} has no values yet: call initialize(model, seed), or load them", name));
  }
  const Var leaf = on.leaf(parameter.value, name);
  auto& list = parameter.trainable ? parameters_ : frozen_;
  list.push_back({name, place != nullptr ? place->layer : parameter.layer, parameter.regularized,
                  leaf, &parameter, parameter.lifetime.watch()});
  known_.emplace(&parameter, std::pair{!parameter.trainable, list.size() - 1});
  return leaf;
}

Var Recording::operator()(const Buffer& buffer, SourceLocation at) {
  Tape& on = tape();
  if (const auto known = known_buffers_.find(&buffer); known != known_buffers_.end()) {
    return buffers_[known->second].var;
  }
  const Place* place = place_of(&buffer, "buffer", to_string(buffer.value.shape()), at);
  const std::string name =
      place != nullptr ? place->path : fmt::format("buffer{}", buffers_.size() + 1);
  const Var leaf = on.leaf(buffer.value, name);
  known_buffers_.emplace(&buffer, buffers_.size());
  buffers_.push_back({name, leaf, Var{}, &buffer});
  return leaf;
}

RandomKey Recording::operator()(const RandomStream& stream) const {
  if (stream.key) return *stream.key;
  throw StateError(fmt::format(
      "recording: the random numbers of {} have no seed yet: call initialize(model, seed)",
      here()));
}

void Recording::update(const Buffer& buffer, Var next) {
  if (!training()) return;
  const Var now = (*this)(buffer);
  if (next.shape() != now.shape()) {
    throw ShapeError(fmt::format("recording: the buffer {} is {}, its update {}",
                                 buffers_[known_buffers_.at(&buffer)].name, to_string(now.shape()),
                                 to_string(next.shape())));
  }
  buffers_[known_buffers_.at(&buffer)].next = next;
}

void Recording::enter(const void* layer, std::type_index id, bool lists, std::vector<Shape> inputs,
                      const SourceLocation& at) {
  LayerCall call{.path = {},
                 .type = detail::short_name(id),
                 .depth = static_cast<int>(open_.size()),
                 .inputs = std::move(inputs),
                 .first_node = tape().size(),
                 .where = at};
  if (const auto known = modules_.find({layer, id}); known != modules_.end()) {
    call.path = known->second;
  } else if (of_model_ && lists) {
    throw StateError(fmt::format("recording: {} calls a {}{} that its fields() does not list",
                                 here(), call.type, line_of(at)));
  } else if (!open_.empty()) {
    call.path = calls_[open_.back()].path;
  }
  open_.push_back(calls_.size());
  calls_.push_back(std::move(call));
  told_ = false;
}

void Recording::leave(std::vector<Shape> outputs) {
  LayerCall& call = calls_[open_.back()];
  call.outputs = std::move(outputs);
  call.end_node = tape().size();
  open_.pop_back();
}

std::string Recording::located(const char* message) {
  const LayerCall call = calls_[open_.back()];
  const std::string layer = here();
  open_.pop_back();
  if (std::exchange(told_, true)) return message;
  std::vector<std::string> shapes;
  for (const Shape& s : call.inputs) shapes.push_back(to_string(s));
  std::string text =
      fmt::format("{}\n  in layer {}, called with {}", message, layer, fmt::join(shapes, ", "));
  return text + line_of(call.where);
}

std::vector<std::string> Recording::unused() const {
  std::set<std::string> met;
  for (const RecordedParameter& p : parameters_) met.insert(p.name);
  for (const RecordedParameter& p : frozen_) met.insert(p.name);
  std::vector<std::string> rest;
  for (const std::string& path : listed_) {
    if (!met.contains(path)) rest.push_back(path);
  }
  return rest;
}

std::vector<Var> leaves_of(std::span<const RecordedParameter> parameters) {
  std::vector<Var> leaves;
  leaves.reserve(parameters.size());
  for (const RecordedParameter& p : parameters) leaves.push_back(p.var);
  return leaves;
}

}  // namespace dtheta::nn
