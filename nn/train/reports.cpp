#include "nn/train/reports.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta::nn {

double EpochReport::operator[](std::string_view name) const {
  if (name == "cost") return cost;
  const auto at = std::ranges::find(metrics, name, &NamedValue::name);
  if (at != metrics.end()) return at->value;
  std::vector<std::string> names{"cost"};
  for (const NamedValue& m : metrics) names.push_back(m.name);
  throw ValueError(
      fmt::format("epoch report: there is no '{}'; there are {}", name, fmt::join(names, ", ")));
}

std::string_view to_string(Ending ending) {
  switch (ending) {
    case Ending::epochs:
      return "all epochs done";
    case Ending::early:
      return "stopped early";
    case Ending::asked:
      return "stopped by its caller";
    case Ending::interrupted:
      return "interrupted";
  }
  return "";
}

}  // namespace dtheta::nn
