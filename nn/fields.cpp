#include "nn/fields.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/core/demangle.hpp>
#include <cctype>
#include <map>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

bool is_part(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '_';
  });
}

std::string join(const std::string& path, std::string_view name) {
  return path.empty() ? std::string(name) : fmt::format("{}.{}", path, name);
}

std::string owner_of(const std::string& path) {
  const std::size_t dot = path.rfind('.');
  return dot == std::string::npos ? std::string() : path.substr(0, dot);
}

}  // namespace

std::string detail::short_name(std::type_index id) {
  std::string name = boost::core::demangle(id.name());
  name.resize(std::min(name.find('<'), name.size()));  // of a template, its own name
  const std::size_t colon = name.rfind("::");
  return colon == std::string::npos ? name : name.substr(colon + 2);
}

void Fields::push(std::string_view name) {
  if (!is_part(name)) {
    throw ValueError(
        fmt::format("fields: '{}' is no name for a member: letters, digits and _ alone are", name));
  }
  Frame& parent = frames_.back();
  std::string path = join(parent.path, name);
  if (!parent.names.emplace(name).second) {
    throw ValueError(fmt::format("fields: {} is listed twice", path));
  }
  frames_.push_back({.path = std::move(path)});
}

int Fields::layer_of_frame() {
  // A parameter's own frame is the last one, its module's the one before.
  Frame& owner = frames_.size() > 1 ? frames_[frames_.size() - 2] : frames_.back();
  if (!owner.holds_parameters) {
    owner.holds_parameters = true;
    owner.layer = ++layers_;
  }
  return owner.layer;
}

void Fields::require_once(const void* member, const std::string& path) {
  const auto known = [&](const auto& list) {
    const auto at = std::ranges::find_if(list, [&](const auto& n) { return n.member == member; });
    if (at == list.end()) return;
    throw ValueError(
        fmt::format("fields: one member is listed as {} and as {}; layers that share "
                    "a parameter call one layer twice",
                    at->path, path));
  };
  known(found_.parameters);
  known(found_.buffers);
  known(found_.streams);
}

void Fields::add(Parameter& parameter) {
  const std::string& path = frames_.back().path;
  require_once(&parameter, path);
  found_.parameters.push_back(
      {path.empty() ? parameter.symbol : path, &parameter, layer_of_frame()});
}
void Fields::add(Buffer& buffer) {
  const std::string& path = frames_.back().path;
  require_once(&buffer, path);
  found_.buffers.push_back({path, &buffer, 0});
}
void Fields::add(RandomStream& stream) {
  const std::string& path = frames_.back().path;
  require_once(&stream, path);
  found_.streams.push_back({path, &stream, 0});
}

void Fields::add_module(const void* address, std::type_index id, std::string type) {
  found_.modules.push_back({frames_.back().path, std::move(type), address, id});
}

/// Two layers that draw under one key draw the same numbers: the same weights, the same masks.
void Fields::finish() {
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::string> owners;
  const auto require_own = [&](RandomKey key, const std::string& path) {
    const std::string owner = owner_of(path);
    const auto [at, is_new] = owners.emplace(std::pair{key.seed, key.stream}, owner);
    if (is_new || at->second == owner) return;
    throw ValueError(fmt::format(
        "fields: {} and {} were given the same key ({}, {}), so that they would draw the same "
        "numbers: give each a stream of its own, or none and call initialize(model, seed)",
        at->second, owner, key.seed, key.stream));
  };
  for (const auto& p : found_.parameters) {
    if (p.member->key) require_own(*p.member->key, p.path);
  }
  for (const auto& s : found_.streams) {
    if (s.member->given) require_own(*s.member->key, s.path);
  }
}

void detail::draw_all(const ModelFields& fields, RandomKey key) {
  std::uint32_t which = 0;
  for (const auto& p : fields.parameters) {
    if (p.member->pending) draw(*p.member, key, which++);
  }
}

}  // namespace dtheta::nn
