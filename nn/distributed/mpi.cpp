#include "nn/distributed/mpi.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "autodiff/errors.hpp"

namespace dtheta::nn {
namespace {

namespace mpi = boost::mpi;
using Clock = std::chrono::steady_clock;

enum Tag : int { transfer = 1, letter = 2, farewell = 3 };

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// How long to wait from one look to the next: not at all at first, for messages take microseconds;
/// then more and more, so that ranks that wait leave the processor to those that compute.
class Pause {
 public:
  void operator()() {
    if (++looks_ < 100) return;
    if (looks_ < 1000) return std::this_thread::yield();
    std::this_thread::sleep_for(std::chrono::microseconds(50));
  }

 private:
  int looks_ = 0;
};

class MpiTeam final : public Team {
 public:
  explicit MpiTeam(double patience) : patience_(patience) {}

  [[nodiscard]] int rank() const override { return world_.rank(); }
  [[nodiscard]] int size() const override { return world_.size(); }
  [[nodiscard]] bool lost_somebody() const { return lost_; }

  Ticket send(int to, std::span<const std::byte> data) override {
    ++traffic_.messages;
    traffic_.bytes += data.size();
    return begin(to, world_.isend(to, transfer, chars(data), length(data)));
  }

  Ticket receive(int from, std::span<std::byte> data) override {
    return begin(from, world_.irecv(from, transfer, chars(data), length(data)));
  }

  void wait(std::span<const Ticket> tickets, std::string_view what) override {
    const Clock::time_point start = Clock::now();
    for (const Ticket ticket : tickets) wait_for(at(ticket), start, what);
    while (!pending_.empty() && pending_.front().done) {
      pending_.pop_front();
      ++first_;
    }
    traffic_.seconds += seconds_since(start);
  }

  void abandon(std::string_view why) noexcept override {
    try {
      const std::span<const char> text(why);
      for (int r = 0; r < size(); ++r) {
        if (r != rank()) mail(r, farewell, std::as_bytes(text));
      }
      // Others may end this process as soon as they hear of it.
      settle(1.0);
    } catch (const std::exception&) {  // MPI is past helping: others wait for their patience
    }
    lost_ = true;
  }

  void post(int to, std::span<const std::byte> data) override {
    ++traffic_.messages;
    traffic_.bytes += data.size();
    mail(to, letter, data);
  }

  std::optional<Mail> collect(double seconds) override {
    const Clock::time_point start = Clock::now();
    Pause pause;
    while (true) {
      if (auto mail = look_for(letter)) return mail;
      if (seconds_since(start) >= seconds) return std::nullopt;
      pause();
    }
  }

 private:
  struct Pending {
    int other = 0;
    mpi::request request{};
    bool done = false;
  };
  struct Sent {
    std::vector<std::byte> bytes;
    mpi::request request{};
  };

  static const char* chars(std::span<const std::byte> data) {
    return reinterpret_cast<const char*>(data.data());
  }
  static char* chars(std::span<std::byte> data) { return reinterpret_cast<char*>(data.data()); }
  static int length(std::span<const std::byte> data) {
    if (data.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
      throw ValueError(
          fmt::format("team: {} bytes in one transfer, MPI takes less than 2^31: send "
                      "it in parts",
                      data.size()));
    }
    return static_cast<int>(data.size());
  }

  Ticket begin(int other, mpi::request request) {
    pending_.push_back({other, std::move(request)});
    return first_ + pending_.size() - 1;
  }

  Pending& at(Ticket ticket) { return pending_.at(ticket - first_); }

  void wait_for(Pending& p, Clock::time_point start, std::string_view what) {
    Pause pause;
    while (!p.done) {
      p.done = tested(p.request, p.other, what);
      if (p.done) break;
      if (const auto bye = look_for(farewell)) {
        lose(bye->from, fmt::format("waited for {}, but rank {} has ended: {}", what, bye->from,
                                    std::string(chars(bye->bytes), bye->bytes.size())));
      }
      if (seconds_since(start) > patience_) {
        lose(p.other, fmt::format("waited {:.3g} s for {} from rank {}, which is gone or hangs",
                                  patience_, what, p.other));
      }
      pause();
    }
  }

  bool tested(mpi::request& request, int other, std::string_view what) {
    try {
      return request.test().has_value();
    } catch (const std::exception& e) {
      lose(other, fmt::format("{} cannot go on with rank {}: {}", what, other, e.what()));
    }
  }

  [[noreturn]] void lose(int other, const std::string& what) {
    lost_ = true;
    throw LostRankError(other, fmt::format("rank {} of {}: {}", rank(), size(), what));
  }

  void mail(int to, Tag tag, std::span<const std::byte> data) {
    settle(0.0);
    sent_.push_back({{data.begin(), data.end()}});
    Sent& s = sent_.back();
    s.request = world_.isend(to, tag, chars(std::span<const std::byte>(s.bytes)), length(s.bytes));
  }

  /// Forgets letters that have gone.
  void settle(double seconds) {
    const Clock::time_point start = Clock::now();
    do {
      std::erase_if(sent_, [](Sent& s) { return s.request.test().has_value(); });
    } while (!sent_.empty() && seconds_since(start) < seconds);
  }

  std::optional<Mail> look_for(Tag tag) {
    const auto status = world_.iprobe(mpi::any_source, tag);
    if (!status) return std::nullopt;
    Mail mail{status->source(),
              std::vector<std::byte>(static_cast<std::size_t>(status->count<char>().value_or(0)))};
    world_.recv(mail.from, tag, chars(std::span(mail.bytes)), length(mail.bytes));
    return mail;
  }

  static const char* chars(const std::vector<std::byte>& bytes) {
    return reinterpret_cast<const char*>(bytes.data());
  }

  mpi::communicator world_{};
  double patience_;
  Ticket first_ = 0;  // of those pending
  std::deque<Pending> pending_{};
  std::deque<Sent> sent_{};
  bool lost_ = false;
};

}  // namespace

class Mpi::Session {
 public:
  // With this, errors of MPI come back to the caller, as exceptions of Boost.MPI.
  Session(int& argc, char**& argv, const Options& options)
      : environment(argc, argv, false), team(options.patience_seconds) {}

  mpi::environment environment;
  MpiTeam team;
};

Mpi::Mpi(int& argc, char**& argv, const Options& options)
    : session_(std::make_unique<Session>(argc, argv, options)) {}

Mpi::~Mpi() {
  // MPI_Finalize waits for all ranks: for one that is lost, for ever.
  if (session_->team.lost_somebody() || std::uncaught_exceptions() > 0) abort("");
}

Team& Mpi::team() { return session_->team; }

void Mpi::abort(std::string_view why) {
  if (!why.empty()) {
    // A LostRankError has said who says it.
    const std::string who = fmt::format("rank {} of {}: ", team().rank(), team().size());
    fmt::print(stderr, "{}{}\n", why.starts_with(who) ? "" : who, why);
    std::fflush(stderr);
  }
  mpi::environment::abort(1);
  std::abort();  // not reached
}

}  // namespace dtheta::nn
