#include "nn/train/parameter_groups.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "autodiff/errors.hpp"

namespace dtheta::nn::detail {
namespace {

bool is_below(std::string_view path, std::string_view above) {
  return above.empty() || path == above ||
         (path.starts_with(above) && path.substr(above.size()).starts_with('.'));
}

void require_valid(const std::vector<ParameterGroup>& groups) {
  for (auto g = groups.begin(); g != groups.end(); ++g) {
    if (!(g->rate_factor >= 0)) {
      throw ValueError(fmt::format("trainer: rate_factor {} of the group '{}', must be at least 0",
                                   g->rate_factor, g->path));
    }
    if (std::find_if(groups.begin(), g, [&](const auto& o) { return o.path == g->path; }) != g) {
      throw ValueError(fmt::format("trainer: two groups for '{}'", g->path));
    }
  }
}

}  // namespace

std::vector<GroupMembers> group_parameters(std::span<const RecordedParameter> parameters,
                                           const TrainerOptions& options) {
  require_valid(options.groups);
  std::vector<GroupMembers> all{{&options.optimizer, 1, {}}};
  for (const ParameterGroup& g : options.groups) {
    all.push_back({g.optimizer ? &*g.optimizer : &options.optimizer, g.rate_factor, {}});
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    paths.push_back(parameters[i].name);
    std::size_t best = 0, length = 0;
    for (std::size_t g = 0; g < options.groups.size(); ++g) {
      const std::string& path = options.groups[g].path;
      if (!is_below(parameters[i].name, path) || (best != 0 && path.size() < length)) continue;
      best = g + 1;
      length = path.size();
    }
    all[best].members.push_back(i);
  }
  for (std::size_t g = 0; g < options.groups.size(); ++g) {
    if (!all[g + 1].members.empty()) continue;
    throw ValueError(fmt::format("trainer: no parameter belongs to the group '{}'; there are {}",
                                 options.groups[g].path, fmt::join(paths, ", ")));
  }
  if (all.front().members.empty()) all.erase(all.begin());
  return all;
}

}  // namespace dtheta::nn::detail
