#include "nn/distributed/local_team.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

using Bytes = std::vector<std::byte>;

Bytes copy_of(std::span<const std::byte> data) { return {data.begin(), data.end()}; }

/// What all ranks have in common.
struct Hall {
  explicit Hall(int ranks, double seconds)
      : size(ranks),
        patience(seconds),
        transfers(static_cast<std::size_t>(ranks * ranks)),
        letters(static_cast<std::size_t>(ranks)) {}

  std::deque<Bytes>& between(int from, int to) {
    const int pair = from * size + to;
    return transfers[static_cast<std::size_t>(pair)];
  }

  int size;
  std::chrono::duration<double> patience;
  std::mutex mutex{};
  std::condition_variable changed{};
  std::vector<std::deque<Bytes>> transfers;
  std::vector<std::deque<Team::Mail>> letters;
  std::optional<std::pair<int, std::string>> farewell{};  // of the first that ended
};

class LocalTeam final : public Team {
 public:
  LocalTeam(std::shared_ptr<Hall> hall, int rank) : hall_(std::move(hall)), rank_(rank) {}

  [[nodiscard]] int rank() const override { return rank_; }
  [[nodiscard]] int size() const override { return hall_->size; }

  Ticket send(int to, std::span<const std::byte> data) override {
    {
      const std::lock_guard lock(hall_->mutex);
      hall_->between(rank_, to).push_back(copy_of(data));
    }
    hall_->changed.notify_all();
    ++traffic_.messages;
    traffic_.bytes += data.size();
    return next_++;
  }

  Ticket receive(int from, std::span<std::byte> data) override {
    expected_.push_back({next_, from, data});
    return next_++;
  }

  void wait(std::span<const Ticket> tickets, std::string_view what) override {
    const auto start = std::chrono::steady_clock::now();
    for (const Ticket ticket : tickets) {
      const auto wanted = std::ranges::find(expected_, ticket, &Expected::ticket);
      if (wanted == expected_.end()) continue;  // a send, or it came before another one
      const int from = wanted->from;
      // What comes from a rank is for whom has been expected from it the longest.
      for (Ticket taken = ticket + 1; taken != ticket;) {
        const auto at = std::ranges::find(expected_, from, &Expected::from);
        take(*at, what);
        taken = at->ticket;
        expected_.erase(at);
      }
    }
    traffic_.seconds +=
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }

  void abandon(std::string_view why) noexcept override {
    const std::lock_guard lock(hall_->mutex);
    if (!hall_->farewell) hall_->farewell.emplace(rank_, std::string(why));
    hall_->changed.notify_all();
  }

  void post(int to, std::span<const std::byte> letter) override {
    const std::lock_guard lock(hall_->mutex);
    hall_->letters[static_cast<std::size_t>(to)].push_back({rank_, copy_of(letter)});
    hall_->changed.notify_all();
    ++traffic_.messages;
    traffic_.bytes += letter.size();
  }

  std::optional<Mail> collect(double seconds) override {
    std::unique_lock lock(hall_->mutex);
    std::deque<Mail>& mine = hall_->letters[static_cast<std::size_t>(rank_)];
    const std::chrono::duration<double> limit(seconds);
    if (!hall_->changed.wait_for(lock, limit, [&] { return !mine.empty(); })) return std::nullopt;
    Mail mail = std::move(mine.front());
    mine.pop_front();
    return mail;
  }

 private:
  struct Expected {
    Ticket ticket;
    int from;
    std::span<std::byte> data;
  };

  void take(const Expected& e, std::string_view what) {
    std::unique_lock lock(hall_->mutex);
    std::deque<Bytes>& from = hall_->between(e.from, rank_);
    hall_->changed.wait_for(lock, hall_->patience,
                            [&] { return !from.empty() || hall_->farewell.has_value(); });
    if (from.empty() && hall_->farewell) {
      const auto& [who, why] = *hall_->farewell;
      throw LostRankError(
          who, fmt::format("rank {} of {}: waited for {}, but rank {} has ended: {}", rank_, size(),
                           what, who, why));
    }
    if (from.empty()) {
      throw LostRankError(
          e.from,
          fmt::format("rank {} of {}: waited {:.3g} s for {} from rank {}, which is gone or "
                      "hangs",
                      rank_, size(), hall_->patience.count(), what, e.from));
    }
    const Bytes data = std::move(from.front());
    from.pop_front();
    if (data.size() != e.data.size()) {
      throw StateError(fmt::format("rank {} of {}: {} bytes of {} came from rank {}, not {}", rank_,
                                   size(), data.size(), what, e.from, e.data.size()));
    }
    std::ranges::copy(data, e.data.begin());
  }

  std::shared_ptr<Hall> hall_;
  int rank_;
  Ticket next_ = 0;
  std::deque<Expected> expected_{};
};

}  // namespace

std::vector<std::unique_ptr<Team>> local_teams(int size, double patience_seconds) {
  if (size < 1) throw ValueError(fmt::format("local_teams: {} ranks, need at least 1", size));
  const auto hall = std::make_shared<Hall>(size, patience_seconds);
  std::vector<std::unique_ptr<Team>> all;
  all.reserve(static_cast<std::size_t>(size));
  for (int r = 0; r < size; ++r) all.push_back(std::make_unique<LocalTeam>(hall, r));
  return all;
}

}  // namespace dtheta::nn
