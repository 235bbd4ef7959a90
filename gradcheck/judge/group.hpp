#pragma once

#include <vector>

#include "gradcheck/judge/request.hpp"
#include "gradcheck/judge/search.hpp"

namespace dtheta::gradcheck::detail {

/// Takes a group of searches forward together, so that their probes share batches.
class Group {
 public:
  Group(const Request& request, std::vector<Search> searches)
      : request_(request), searches_(std::move(searches)) {}

  /// standard_for(index) gives the standard of an entry. False if the check was stopped: what was
  /// answered by then is judged.
  template <class StandardFor>
  bool run(StandardFor standard_for) {
    for (;;) {
      gather();
      if (open_.empty()) return true;
      const bool stopped = !evaluate();
      for (std::size_t s = 0; s < open_.size(); ++s) {
        open_[s]->take(
            std::span(answers_.data() + first_probe_[s], answers_.data() + first_probe_[s + 1]),
            request_.cost);
        open_[s]->judge(standard_for(open_[s]->index()));
        in_the_dark_ = in_the_dark_ || open_[s]->in_the_dark();
      }
      if (stopped) return false;
    }
  }

  /// Of some entry nothing could be said.
  bool in_the_dark() const { return in_the_dark_; }

  const std::vector<Search>& searches() const { return searches_; }

 private:
  void gather();
  /// False if the check was stopped: only searches with all of their answers are open then.
  bool evaluate();

  const Request& request_;
  std::vector<Search> searches_;
  std::vector<Search*> open_;
  std::vector<Probe> probes_;
  std::vector<std::size_t> first_probe_;  // of each open search, and the end
  std::vector<double> answers_;
  bool in_the_dark_ = false;
};

}  // namespace dtheta::gradcheck::detail
