#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace dtheta::nn {

/// A rank that the others waited for in vain: it is gone, it hangs, or it said that it ends.
struct LostRankError : std::runtime_error {
  LostRankError(int lost, const std::string& message) : std::runtime_error(message), rank(lost) {}
  int rank;
};

/// What went to other ranks so far.
struct Traffic {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  double seconds = 0;  ///< spent in waiting for transfers
};

/// The processes, or threads, that share a training: ranks 0 ... size - 1. One of them for each; it
/// belongs to one thread. Transfers between two ranks arrive in the order in which they were begun.
///
/// It only moves bytes. What is added up from them, and in which order, is said elsewhere
/// (nn/distributed/tree_sum.hpp), so that no result depends on who carries it.
class Team {
 public:
  /// Of a transfer that has begun.
  using Ticket = std::size_t;
  struct Mail {
    int from = 0;
    std::vector<std::byte> bytes{};
  };

  Team() = default;
  Team(const Team&) = delete;
  Team& operator=(const Team&) = delete;
  virtual ~Team() = default;

  [[nodiscard]] virtual int rank() const = 0;
  [[nodiscard]] virtual int size() const = 0;
  /// The rank that speaks for all: it writes files and shows progress.
  [[nodiscard]] bool leads() const { return rank() == 0; }

  /// Begins to send; `data` must stay, unchanged, until `wait`.
  virtual Ticket send(int to, std::span<const std::byte> data) = 0;
  /// Begins to receive as many bytes as the other sends.
  virtual Ticket receive(int from, std::span<std::byte> data) = 0;
  /// Waits until all of these are done, and forgets them. Throws LostRankError, naming the rank and
  /// `what` was waited for, once nothing has come for as long as the team's patience, or at once
  /// where a rank said that it ends.
  virtual void wait(std::span<const Ticket> tickets, std::string_view what) = 0;

  /// Tells all others that this rank ends, and why.
  virtual void abandon(std::string_view why) noexcept = 0;

  /// Sends a letter of any size; returns before it has arrived. To a rank that is gone it is lost.
  virtual void post(int to, std::span<const std::byte> letter) = 0;
  /// The next letter from anybody; nothing if none comes within so many seconds.
  [[nodiscard]] virtual std::optional<Mail> collect(double seconds) = 0;

  [[nodiscard]] const Traffic& traffic() const { return traffic_; }

 protected:
  Traffic traffic_{};
};

/// The bits that are set on any rank. All must ask, as of all functions below; `what` is for
/// errors.
[[nodiscard]] std::uint8_t anywhere(Team& team, std::uint8_t bits, std::string_view what);

/// A number that stands for some bytes.
[[nodiscard]] std::uint64_t fingerprint(std::span<const std::byte> bytes, std::uint64_t before = 0);

/// Something that must be the same on all ranks.
struct Shared {
  std::string name;
  std::uint64_t fingerprint = 0;
};
/// Throws ValueError on all ranks, naming what is not the same on all of them.
void require_same(Team& team, std::span<const Shared> all);

}  // namespace dtheta::nn
