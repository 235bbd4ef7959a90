#include "nn/train/checkpoint.hpp"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>
#include <string_view>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"
#include "nn/data/data_error.hpp"
#include "nn/data/safetensors.hpp"
#include "nn/state.hpp"

namespace dtheta::nn {
namespace {

/// What a trainer calls the model's part of its state.
constexpr std::string_view model_prefix = "model.";
constexpr std::string_view format = "1";

std::string own(std::string_view name) { return fmt::format("{}{}", checkpoint_prefix, name); }
const std::string format_key = own("format");

std::string name_in_file(const std::string& name) {
  return name.starts_with(model_prefix) ? name.substr(model_prefix.size()) : own(name);
}
std::string name_in_state(const std::string& name) {
  return name.starts_with(checkpoint_prefix) ? name.substr(checkpoint_prefix.size())
                                             : fmt::format("{}{}", model_prefix, name);
}

/// The inverse of fmt's "{}", which writes as many digits as a double needs.
double number_of(const std::string& file, const std::string& name, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw DataError(file, fmt::format("the number {} of the checkpoint is {:?}", name, text));
  }
  return value;
}

}  // namespace

void save_checkpoint(const std::string& file, const TrainerState& state) {
  std::vector<NamedTensor> tensors;
  for (const auto& t : state.tensors) tensors.push_back({name_in_file(t.name), t.value});
  Metadata metadata{{format_key, std::string(format)}};
  for (const auto& [name, value] : state.numbers) metadata[own(name)] = fmt::format("{}", value);
  write_safetensors(file, tensors, metadata);
}

void save_checkpoint(const std::string& file, const Trainer& trainer) {
  save_checkpoint(file, trainer.state());
}

TrainerState load_checkpoint(const std::string& file) {
  const SafetensorsFile source(file);
  const auto version = source.metadata().find(format_key);
  if (version == source.metadata().end()) {
    throw DataError(file, "has no checkpoint of a training; weights alone are read with nn::load");
  }
  if (version->second != format) {
    throw DataError(file, fmt::format("has a checkpoint of format {:?}, here it is {:?}",
                                      version->second, format));
  }
  TrainerState state;
  for (const auto& entry : source.entries()) {
    state.tensors.push_back({name_in_state(entry.name), source.read(entry.name)});
  }
  for (const auto& [key, text] : source.metadata()) {
    if (key == format_key || !key.starts_with(checkpoint_prefix)) continue;
    const std::string name = key.substr(checkpoint_prefix.size());
    state.numbers.emplace(name, number_of(file, name, text));
  }
  return state;
}

bool resume(const std::string& file, Trainer& trainer) {
  if (!std::filesystem::exists(file)) return false;
  const TrainerState state = load_checkpoint(file);
  try {
    trainer.restore(state);
  } catch (const ValueError& e) {
    throw ValueError(fmt::format("{}: {}", file, e.what()));
  }
  return true;
}

std::function<void(const Trainer&)> checkpoint_to(std::string file) {
  return [file = std::move(file)](const Trainer& trainer) { save_checkpoint(file, trainer); };
}

}  // namespace dtheta::nn
