#include "gradcheck/cli/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dtheta::gradcheck::cli {
namespace {

struct Pipe {
  FileHandle reading;
  FileHandle writing;
};

[[noreturn]] void fail(const std::string& what, int error) {
  throw std::system_error(error, std::generic_category(), what);
}

/// No other program that is started inherits it.
Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) fail("a pipe cannot be opened", errno);
  return {FileHandle(ends[0]), FileHandle(ends[1])};
}

void never_block(const FileHandle& file) {
  const int flags = fcntl(file.get(), F_GETFL);
  if (flags < 0 || fcntl(file.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
    fail("a pipe cannot be set up", errno);
  }
}

/// What happens in the new process until it becomes the program: system calls alone, because the
/// memory is that of a process whose other threads are gone. Reports errno if it does not come to
/// be.
[[noreturn]] void become(char* const* words, int input, int output, int report) {
  setpgid(0, 0);
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // not even our being killed leaves it behind
#endif
  std::signal(SIGPIPE, SIG_DFL);
  std::signal(SIGINT, SIG_DFL);
  if (dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0) {
    execvp(words[0], words);
  }
  const int error = errno;
  static_cast<void>(!write(report, &error, sizeof error));
  _exit(127);
}

/// errno of a start that failed, 0 of one that did not: then the pipe is closed by the exec.
int start_error(const FileHandle& report) {
  int error = 0;
  ssize_t got = 0;
  do {
    got = read(report.get(), &error, sizeof error);
  } while (got < 0 && errno == EINTR);
  return got == static_cast<ssize_t>(sizeof error) ? error : 0;
}

}  // namespace

FileHandle& FileHandle::operator=(FileHandle&& other) noexcept {
  if (this != &other) {
    close();
    number_ = other.release();
  }
  return *this;
}

int FileHandle::release() noexcept { return std::exchange(number_, -1); }

void FileHandle::close() noexcept {
  if (is_open()) ::close(release());
}

Child::Child(const Words& command) {
  Words own = command;
  std::vector<char*> words;
  for (std::string& word : own) words.push_back(word.data());
  words.push_back(nullptr);

  Pipe to = make_pipe();
  Pipe from = make_pipe();
  Pipe report = make_pipe();
  process_.id = fork();
  if (process_.id < 0) fail(fmt::format("'{}' cannot be started", command[0]), errno);
  if (process_.id == 0) {
    become(words.data(), to.reading.get(), from.writing.get(), report.writing.get());
  }
  setpgid(process_.id, process_.id);  // both sides set it: whoever comes first
  report.writing.close();
  if (const int error = start_error(report.reading); error != 0) {
    fail(fmt::format("'{}' cannot be started", command[0]), error);
  }
  input_ = std::move(to.writing);
  output_ = std::move(from.reading);
  never_block(input_);
  never_block(output_);
}

Child::~Child() = default;

bool Child::wait(std::chrono::milliseconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  constexpr std::chrono::milliseconds nap{2};
  while (!process_.ended) {
    siginfo_t info{};
    // Not reaped yet: as long as it is not, its number names its group and nothing else.
    const int found =
        waitid(P_PID, static_cast<id_t>(process_.id), &info, WEXITED | WNOHANG | WNOWAIT);
    if (found == 0 && info.si_pid == process_.id) {
      process_.reap();
    } else if (std::chrono::steady_clock::now() >= end) {
      return false;
    } else {
      std::this_thread::sleep_for(nap);
    }
  }
  return true;
}

std::string Child::fate() const {
  if (!process_.ended) return "still runs";
  if (WIFEXITED(process_.status)) {
    return fmt::format("exited with status {}", WEXITSTATUS(process_.status));
  }
  const int signal = WTERMSIG(process_.status);
  return fmt::format("was killed by signal {} ({})", signal, strsignal(signal));
}

Child::Process::Process(Process&& other) noexcept
    : id(std::exchange(other.id, -1)), status(other.status), ended(other.ended) {}

Child::Process::~Process() { reap(); }

void Child::Process::reap() noexcept {
  if (id <= 0) return;
  kill(-id, SIGKILL);
  while (waitpid(id, &status, 0) < 0 && errno == EINTR) {
  }
  ended = true;
  id = -1;
}

}  // namespace dtheta::gradcheck::cli
