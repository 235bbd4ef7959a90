#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace dtheta::gradcheck {

/// The processes that share a check (shared.hpp), and how one of them talks to the others: by
/// letters of bytes, which arrive in the order in which they were sent from one to the other.
/// MPI_Send and MPI_Iprobe with MPI_Recv are enough; gradcheck/bridge/team_crew.hpp makes a Crew of
/// a team that trains.
struct Crew {
  struct Letter {
    std::size_t from = 0;
    std::vector<std::byte> bytes{};
  };
  std::size_t rank = 0, size = 1;
  /// Must not wait for the receiver, and may lose what goes to one that is gone.
  std::function<void(std::size_t to, std::span<const std::byte> letter)> send{};
  /// The next letter from anybody; nothing if none comes within so many seconds.
  std::function<std::optional<Letter>(double seconds)> receive{};
  /// Rank 0 does without a rank that has not answered a request for so long. Requests are made for
  /// some tenths of a second, or for one evaluation of J where that takes longer.
  double patience_seconds = 30;
  /// Others wait so long for rank 0, which also does what cannot be shared.
  double idle_seconds = 600;
};

}  // namespace dtheta::gradcheck
