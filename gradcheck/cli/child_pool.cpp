#include "gradcheck/cli/child_pool.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <stdexcept>
#include <utility>

namespace dtheta::gradcheck::cli {
namespace {

// Enough requests ahead to hide the way there and back, and no more than one share of a batch.
constexpr std::size_t most_waiting = 32;
constexpr std::size_t most_unsent = std::size_t{1} << 16;

double seconds_since(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - then).count();
}

}  // namespace

ChildPool::NoPipeSignal::NoPipeSignal() : before_(std::signal(SIGPIPE, SIG_IGN)) {}

ChildPool::NoPipeSignal::~NoPipeSignal() { std::signal(SIGPIPE, before_); }

ChildPool::ChildPool(FunctionProgram program) : program_(std::move(program)) {
  for (unsigned k = 0; k < program_.copies; ++k) lanes_.emplace_back(program_.command);
  for (Lane& lane : lanes_) {
    Hello hello = greet(lane);
    if (&lane == &lanes_.front()) {
      hello_ = std::move(hello);
    } else {
      require_same_hello(hello);
    }
  }
  if (hello_.theta.empty()) fail("its hello has no block with an entry");
  set_theta(hello_.theta.values());
  for (Lane& lane : lanes_) take_lines(lane);
}

ChildPool::~ChildPool() = default;

Hello ChildPool::greet(Lane& lane) {
  const auto start = Clock::now();
  HelloReader reader;
  std::string line;
  std::size_t taken = 0;  // characters of whole lines
  while (!lane.ready) {
    const bool whole = next_line(lane, line);
    taken += whole ? line.size() + 1 : 0;
    refuse_talk(reader, taken, whole ? std::string_view() : lane.received);
    if (whole) {
      try {
        lane.ready = reader.take(line);
      } catch (const std::exception& e) {
        fail(e.what());
      }
      continue;
    }
    const double left = program_.start_seconds - seconds_since(start);
    if (left <= 0.0) {
      fail(
          fmt::format("it was not ready within {} s; a program that buffers its output must flush "
                      "it after the hello",
                      program_.start_seconds));
    }
    pollfd wanted{lane.child.output(), POLLIN, 0};
    if (poll(&wanted, 1, static_cast<int>(std::min(left, 1.0) * 1e3) + 1) > 0) read_some(lane);
  }
  return std::move(reader.hello());
}

/// Before it is ready a program may write what its blocks need; more is memory for nothing.
void ChildPool::refuse_talk(const HelloReader& reader, std::size_t taken,
                            std::string_view pending) const {
  const std::size_t most = reader.allowance(pending);
  if (taken + pending.size() <= most) return;
  const std::string end =
      pending.empty() ? "" : fmt::format(" and no end of the line: {}", in_quotes(pending));
  fail(fmt::format("before it was ready it wrote more than {} characters{}", most, end));
}

void ChildPool::require_same_hello(const Hello& other) const {
  const auto& theta = hello_.theta;
  const bool alike = std::ranges::equal(theta.blocks(), other.theta.blocks(),
                                        [](const Block& a, const Block& b) {
                                          return a.name == b.name && a.shape == b.shape;
                                        }) &&
                     std::memcmp(theta.values().data(), other.theta.values().data(),
                                 theta.size() * sizeof(double)) == 0;
  if (alike) return;
  fail(
      "two copies of it start with different blocks or values: give it a fixed seed, or run one "
      "copy with --threads 1");
}

double ChildPool::cost(std::span<const double> theta) {
  double value = 0.0;
  bool asked = false;
  exchange([&](Lane& lane) {
    if (std::exchange(asked, true)) return false;
    ask(lane, Question::cost, theta, std::span(&value, 1));
    return true;
  });
  return value;
}

std::vector<double> ChildPool::cost_and_gradient(std::span<const double> theta) {
  std::vector<double> values(theta.size() + 1);
  bool asked = false;
  exchange([&](Lane& lane) {
    if (std::exchange(asked, true)) return false;
    ask(lane, Question::gradient, theta, values);
    return true;
  });
  return values;
}

void ChildPool::operator()(std::span<const Probe> probes, std::span<double> answers) {
  std::size_t next = 0;
  exchange([&](Lane& lane) {
    if (next == probes.size()) return false;
    const Probe& probe = probes[next];
    const double before = std::exchange(theta_[probe.index], probe.value);
    ask(lane, Question::cost, theta_, answers.subspan(next, 1));
    theta_[probe.index] = before;
    ++next;
    return true;
  });
}

void ChildPool::ask(Lane& lane, Question question, std::span<const double> theta,
                    std::span<double> answer) {
  if (lane.sent > most_unsent) {  // a pipe that is never empty must not keep what has left
    lane.unsent.erase(0, lane.sent);
    lane.sent = 0;
  }
  append_request(lane.unsent, question, theta);
  if (lane.waiting.empty()) lane.since = Clock::now();
  lane.waiting.push_back(answer);
}

ChildPool::Lane* ChildPool::idlest() {
  Lane& lane =
      *std::ranges::min_element(lanes_, {}, [](const Lane& l) { return l.waiting.size(); });
  const bool full =
      lane.waiting.size() >= most_waiting || lane.unsent.size() - lane.sent >= most_unsent;
  return full ? nullptr : &lane;
}

void ChildPool::exchange(const std::function<bool(Lane&)>& next) {
  bool more = true;
  while (true) {
    while (more) {
      Lane* lane = idlest();
      if (lane == nullptr) break;
      more = next(*lane);
    }
    for (Lane& lane : lanes_) write_some(lane);
    const bool open = std::ranges::any_of(lanes_, [](const Lane& l) { return !l.waiting.empty(); });
    if (!open && !more) return;
    poll_all(time_left());
    for (Lane& lane : lanes_) refuse_lateness(lane);
  }
}

double ChildPool::time_left() const {
  double left = program_.answer_seconds;
  for (const Lane& lane : lanes_) {
    if (lane.waiting.empty()) continue;
    left = std::min(left, program_.answer_seconds - seconds_since(lane.since));
  }
  return std::max(left, 0.0);
}

/// What lies in the pipe is not late: we may have been the one who slept, after Ctrl-Z.
void ChildPool::refuse_lateness(Lane& lane) {
  const auto late = [&] {
    return !lane.waiting.empty() && seconds_since(lane.since) >= program_.answer_seconds;
  };
  if (!late()) return;
  poll_all(0.0);
  if (!late()) return;
  fail(
      fmt::format("it did not answer within {} s; a program that buffers its output must flush it "
                  "after every answer",
                  program_.answer_seconds));
}

void ChildPool::poll_all(double patience) {
  std::vector<pollfd> wanted;
  for (const Lane& lane : lanes_) {
    wanted.push_back({lane.child.output(), POLLIN, 0});
    const bool unsent = lane.can_write && lane.sent < lane.unsent.size();
    wanted.push_back({unsent ? lane.child.input() : -1, POLLOUT, 0});
  }
  constexpr double longest = 1e6;  // milliseconds
  const int timeout = static_cast<int>(std::min(patience * 1e3, longest)) + 1;
  if (poll(wanted.data(), wanted.size(), timeout) <= 0) return;  // a signal, or time is up
  for (std::size_t k = 0; k < lanes_.size(); ++k) {
    if (wanted[2 * k].revents != 0) read_some(lanes_[k]);
    if (wanted[2 * k + 1].revents != 0) write_some(lanes_[k]);
  }
}

void ChildPool::write_some(Lane& lane) {
  while (lane.can_write && lane.sent < lane.unsent.size()) {
    const ssize_t count =
        write(lane.child.input(), lane.unsent.data() + lane.sent, lane.unsent.size() - lane.sent);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) return;
    if (count < 0) {
      lane.can_write = false;  // its last words, or its end, are still to be read
      return;
    }
    lane.sent += static_cast<std::size_t>(count);
  }
  lane.unsent.clear();
  lane.sent = 0;
}

void ChildPool::read_some(Lane& lane) {
  std::array<char, 1 << 16> buffer{};
  const ssize_t count = read(lane.child.output(), buffer.data(), buffer.size());
  if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (count <= 0) fail_ended(lane);
  lane.received.append(buffer.data(), static_cast<std::size_t>(count));
  if (!lane.ready) return;
  take_lines(lane);
  // No number takes more than 25 characters or so to write.
  const std::size_t longest = 4096 + 64 * (theta_.size() + 1);
  if (lane.received.size() > longest) {
    fail(fmt::format("its answer has {} characters and no end: {}", lane.received.size(),
                     in_quotes(lane.received)));
  }
}

/// Takes the first whole line that has come off what was received.
bool ChildPool::next_line(Lane& lane, std::string& line) {
  const auto end = lane.received.find('\n', lane.searched);
  if (end == std::string::npos) {
    lane.searched = lane.received.size();
    return false;
  }
  line.assign(lane.received, 0, end);
  lane.received.erase(0, end + 1);
  lane.searched = 0;
  return true;
}

void ChildPool::take_lines(Lane& lane) {
  std::string line;
  while (next_line(lane, line)) {
    if (lane.waiting.empty()) {
      fail(
          fmt::format("it answers without being asked: {}; standard output must carry one line for "
                      "each request and nothing else, what is meant for people goes to standard "
                      "error",
                      in_quotes(line)));
    }
    try {
      read_answer(line, lane.waiting.front());
    } catch (const ProtocolError& e) {
      fail(e.what());
    }
    lane.waiting.pop_front();
    lane.since = Clock::now();
  }
}

void ChildPool::fail(const std::string& what) const {
  throw std::runtime_error(fmt::format("{}: {}", fmt::join(program_.command, " "), what));
}

void ChildPool::fail_ended(Lane& lane) const {
  using namespace std::chrono_literals;
  std::string what = lane.child.wait(1000ms) ? fmt::format("it {}", lane.child.fate())
                                             : std::string("it closed its standard output");
  what += lane.ready ? " before it had answered" : " before it was ready";
  if (!lane.received.empty()) what += fmt::format("; its last words: {}", in_quotes(lane.received));
  fail(what);
}

void ChildPool::finish() {
  using namespace std::chrono_literals;
  for (Lane& lane : lanes_) lane.child.close_input();
  for (Lane& lane : lanes_) lane.child.wait(1000ms);
  lanes_.clear();
}

}  // namespace dtheta::gradcheck::cli
