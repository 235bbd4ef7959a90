#pragma once

#include <exception>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "nn/distributed/local_team.hpp"

/// Ranks that are threads, for tests. Boost.Test is for one thread: what they find is looked at
/// once they have ended.
namespace dtheta::nn::test {

/// work(team) on so many ranks at once; what each of them threw, or null.
inline std::vector<std::exception_ptr> on_ranks(int size, const std::function<void(Team&)>& work,
                                                double patience = 30) {
  const auto teams = local_teams(size, patience);
  std::vector<std::exception_ptr> thrown(teams.size());
  {
    std::vector<std::jthread> threads;
    for (std::size_t r = 0; r < teams.size(); ++r) {
      threads.emplace_back([&, r] {
        try {
          work(*teams[r]);
        } catch (...) {
          thrown[r] = std::current_exception();
        }
      });
    }
  }
  return thrown;
}

/// The same, where none may throw.
inline void all_ranks(int size, const std::function<void(Team&)>& work) {
  for (const std::exception_ptr& e : on_ranks(size, work)) {
    if (e) std::rethrow_exception(e);
  }
}

/// The message of an error of type E, or what else became of a rank.
template <class E>
std::string said(const std::exception_ptr& thrown) {
  try {
    if (thrown) std::rethrow_exception(thrown);
    return "nothing was thrown";
  } catch (const E& e) {
    return e.what();
  } catch (const std::exception& e) {
    return std::string("another error: ") + e.what();
  }
}

}  // namespace dtheta::nn::test
