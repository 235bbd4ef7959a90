#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string_view>

#include "gradcheck/cli/commands.hpp"

namespace dtheta::gradcheck::cli {
namespace {

struct Command {
  std::string_view name;
  int (*run)(const Words&);
  std::string_view purpose;
};

constexpr std::array commands{
    Command{"ops", run_ops, "self-test of every registered op"},
    Command{"network", run_network, "gradient check of a network stored in an .npz file"},
};

std::string usage() {
  std::string text =
      "gradcheck: holds gradients against an oracle that shares no code with them\n\n"
      "usage: gradcheck COMMAND [options]\n\ncommands:\n";
  for (const Command& c : commands) text += fmt::format("  {:<10} {}\n", c.name, c.purpose);
  text +=
      "\n'gradcheck COMMAND --help' lists the options of a command.\n\n"
      "exit status: 0 pass, 1 a gradient is wrong, 2 the request or the input is, 3 inconclusive\n";
  return text;
}

int dispatch(const Words& words) {
  if (words.empty()) {
    fmt::print(stderr, "{}", usage());
    return bad_request;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    fmt::print("{}", usage());
    return passed;
  }
  for (const Command& c : commands) {
    if (c.name == words[0]) return c.run({words.begin() + 1, words.end()});
  }
  fmt::print(stderr, "gradcheck: there is no command '{}'\n\n{}", words[0], usage());
  return bad_request;
}

}  // namespace

void require_threads(unsigned threads) {
  constexpr unsigned most = 1024;
  if (threads >= 1 && threads <= most) return;
  throw std::invalid_argument(
      fmt::format("threads: {} were asked for, 1 to {} are possible", threads, most));
}

}  // namespace dtheta::gradcheck::cli

int main(int argc, char** argv) {
  using namespace dtheta::gradcheck::cli;
  try {
    const int status = dispatch(Words(argv + 1, argv + argc));
    flush_standard_output();
    return status;
  } catch (const std::exception& e) {
    fmt::print(stderr, "gradcheck: {}\n", e.what());
    return bad_request;
  }
}
