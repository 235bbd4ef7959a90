#include "nn/initialize.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

/// FNV-1a of 32 bits (Fowler, Noll, Vo; draft-eastlake-fnv).
std::uint32_t hash_of(std::string_view text) {
  std::uint32_t hash = 2166136261U;
  for (const unsigned char c : text) hash = (hash ^ c) * 16777619U;
  return hash;
}

/// Streams for paths: their hashes, the next free one where two paths have the same.
class Streams {
 public:
  explicit Streams(std::uint32_t seed) : seed_(seed) {}
  [[nodiscard]] RandomKey of(std::string_view path) {
    std::uint32_t stream = hash_of(path);
    while (!taken_.insert(stream).second) ++stream;
    return {seed_, stream};
  }

 private:
  std::uint32_t seed_;
  std::set<std::uint32_t> taken_{};
};

bool is_below(std::string_view path, std::string_view above) {
  return above.empty() || path == above ||
         (path.starts_with(above) && path.substr(above.size()).starts_with('.'));
}

std::size_t set_trainable(const ModelFields& model, std::string_view path, bool trainable) {
  std::size_t count = 0;
  std::vector<std::string> paths;
  for (const auto& p : model.parameters) {
    paths.push_back(p.path);
    if (!is_below(p.path, path)) continue;
    p.member->trainable = trainable;
    ++count;
  }
  if (count == 0) {
    throw ValueError(fmt::format("{}: no parameter at or below '{}'; there are {}",
                                 trainable ? "unfreeze" : "freeze", path, fmt::join(paths, ", ")));
  }
  return count;
}

}  // namespace

void initialize(const ModelFields& model, std::uint32_t seed) {
  Streams streams(seed);
  const Parameter* before = nullptr;
  for (const auto& p : model.parameters) {
    const RandomKey key = streams.of(p.path);
    Parameter& parameter = *p.member;
    const Parameter* const previous = std::exchange(before, &parameter);
    if (parameter.follow && previous != nullptr) {
      parameter.value = parameter.follow(previous->value);
      parameter.pending = false;
    }
    if (!parameter.init) continue;
    parameter.value = parameter.init(parameter.value.shape(), key);
    parameter.pending = false;
  }
  for (const auto& s : model.streams) {
    const RandomKey key = streams.of(s.path);
    if (!s.member->given) s.member->key = key;
  }
}

void initialize(ModelRef model, std::uint32_t seed) { initialize(model.fields(), seed); }

std::size_t freeze(const ModelFields& model, std::string_view path) {
  return set_trainable(model, path, false);
}
std::size_t unfreeze(const ModelFields& model, std::string_view path) {
  return set_trainable(model, path, true);
}
std::size_t freeze(ModelRef model, std::string_view path) { return freeze(model.fields(), path); }
std::size_t unfreeze(ModelRef model, std::string_view path) {
  return unfreeze(model.fields(), path);
}

Index parameter_count(const ModelFields& model) {
  Index count = 0;
  for (const auto& p : model.parameters) count += p.member->value.size();
  return count;
}
Index parameter_count(ModelView model) { return parameter_count(model.fields()); }

}  // namespace dtheta::nn
