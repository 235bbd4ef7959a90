#include "gradcheck/judge/group.hpp"

#include <algorithm>

namespace dtheta::gradcheck::detail {

void Group::gather() {
  open_.clear();
  probes_.clear();
  first_probe_.assign(1, 0);
  for (Search& search : searches_) {
    if (search.decided()) continue;
    open_.push_back(&search);
    search.ask(probes_);
    first_probe_.push_back(probes_.size());
  }
}

bool Group::evaluate() {
  answers_.resize(probes_.size());
  try {
    request_.evaluate(probes_, answers_);
    return true;
  } catch (const Stopped& stop) {
    const auto beyond = std::ranges::upper_bound(first_probe_, stop.answered);
    open_.resize(static_cast<std::size_t>(beyond - first_probe_.begin()) - 1);
    return false;
  }
}

double ask(const Request& request, std::size_t entry, double value) {
  const Probe probe{entry, value};
  double answer = 0.0;
  request.evaluate(std::span(&probe, 1), std::span(&answer, 1));
  return answer;
}

}  // namespace dtheta::gradcheck::detail
