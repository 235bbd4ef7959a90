#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/cli/child.hpp"
#include "gradcheck/cli/protocol.hpp"
#include "gradcheck/probe.hpp"

namespace dtheta::gradcheck::cli {

/// A function that is computed by another program, and how long to wait for it.
struct FunctionProgram {
  Words command;
  unsigned copies = 1;
  double start_seconds = 60.0;   ///< until it is ready
  double answer_seconds = 10.0;  ///< for each answer
};

/// The program under test, several copies of it at work at once. Requests are written ahead of the
/// answers, so that neither side waits for the other, and never more than a pipe and a copy can
/// hold: all reading and writing is in one poll loop. Whatever goes wrong is a std::runtime_error
/// that names the program and ends all copies.
class ChildPool {
 public:
  /// Starts the copies and waits for the hello of each; they must agree in it.
  explicit ChildPool(FunctionProgram program);
  ~ChildPool();
  ChildPool(const ChildPool&) = delete;
  ChildPool& operator=(const ChildPool&) = delete;

  [[nodiscard]] const Hello& hello() const { return hello_; }

  /// Where probes move from. Its length is the number of numbers in a request.
  void set_theta(std::span<const double> theta) { theta_.assign(theta.begin(), theta.end()); }

  double cost(std::span<const double> theta);
  /// J first, then its gradient.
  std::vector<double> cost_and_gradient(std::span<const double> theta);
  /// Answers probes; a ProbeEvaluator.
  void operator()(std::span<const Probe> probes, std::span<double> answers);

  /// Closes the standard input of every copy and gives it a moment to end by itself.
  void finish();

 private:
  using Clock = std::chrono::steady_clock;

  /// One copy, what is on its way to it and what came back.
  struct Lane {
    explicit Lane(const Words& command) : child(command) {}
    Child child;
    std::string unsent;
    std::size_t sent = 0;
    std::string received;
    std::size_t searched = 0;               // up to here it has no end of line
    bool ready = false;                     // it has said its hello
    std::deque<std::span<double>> waiting;  // where the answers go, in the order of the requests
    Clock::time_point since;                // the oldest of them has been waited for
    bool can_write = true;
  };

  /// Ignores SIGPIPE for as long as it lives: a program that ends while it is written to is an
  /// error of its own, not a signal to us.
  class NoPipeSignal {
   public:
    NoPipeSignal();
    ~NoPipeSignal();
    NoPipeSignal(const NoPipeSignal&) = delete;
    NoPipeSignal& operator=(const NoPipeSignal&) = delete;

   private:
    void (*before_)(int);
  };

  Hello greet(Lane& lane);
  void refuse_talk(const HelloReader& reader, std::size_t taken, std::string_view pending) const;
  void require_same_hello(const Hello& other) const;
  static bool next_line(Lane& lane, std::string& line);
  /// Sends jobs as the lanes take them, `next` appending one to a lane until it returns false, and
  /// returns when all are answered.
  void exchange(const std::function<bool(Lane&)>& next);
  void ask(Lane& lane, Question question, std::span<const double> theta, std::span<double> answer);
  Lane* idlest();
  void poll_all(double patience);
  [[nodiscard]] double time_left() const;
  void refuse_lateness(Lane& lane);
  void write_some(Lane& lane);
  void read_some(Lane& lane);
  void take_lines(Lane& lane);
  [[noreturn]] void fail(const std::string& what) const;
  [[noreturn]] void fail_ended(Lane& lane) const;

  NoPipeSignal no_signal_;
  FunctionProgram program_;
  std::vector<Lane> lanes_;
  Hello hello_;
  std::vector<double> theta_;
};

}  // namespace dtheta::gradcheck::cli
