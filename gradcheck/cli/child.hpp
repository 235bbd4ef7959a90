#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>

#include "gradcheck/cli/output.hpp"

namespace dtheta::gradcheck::cli {

/// An open file, closed at the end of its life.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int number) : number_(number) {}
  FileHandle(FileHandle&& other) noexcept : number_(other.release()) {}
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { close(); }

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool is_open() const noexcept { return number_ >= 0; }
  int release() noexcept;
  void close() noexcept;

 private:
  int number_ = -1;
};

/// A program that runs beside this one, with pipes to its standard input and output; what it writes
/// to standard error passes through. It leads a process group of its own, so that Ctrl-C does not
/// reach it and that whatever it starts ends with it.
class Child {
 public:
  /// Starts the program, searched as a shell would. Throws std::system_error if it cannot be
  /// started.
  explicit Child(const Words& command);
  /// Ends the program and all that it started, at once, and waits for it.
  ~Child();
  Child(Child&&) = default;
  Child& operator=(Child&&) = delete;

  /// Both ends do not block.
  [[nodiscard]] int input() const noexcept { return input_.get(); }
  [[nodiscard]] int output() const noexcept { return output_.get(); }
  void close_input() noexcept { input_.close(); }

  /// Waits for the program to end by itself; false if it is still there after this time.
  bool wait(std::chrono::milliseconds patience);

  /// What became of it, in words: "exited with status 3", "was killed by signal 11 (Segmentation
  /// fault)", "still runs".
  [[nodiscard]] std::string fate() const;

 private:
  /// Its number, with which it is ended; moved along with the child.
  class Process {
   public:
    Process() = default;
    Process(Process&& other) noexcept;
    Process& operator=(Process&&) = delete;
    ~Process();
    pid_t id = -1;    ///< -1 once it has been waited for
    int status = -1;  ///< as waitpid gives it
    bool ended = false;
    /// Ends what is left of the group and takes the status.
    void reap() noexcept;
  };
  FileHandle input_;
  FileHandle output_;
  Process process_;
};

}  // namespace dtheta::gradcheck::cli
