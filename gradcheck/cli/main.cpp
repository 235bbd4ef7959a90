#include <fmt/format.h>

#include <cstdio>
#include <exception>
#include <string>

#include "gradcheck/cli/commands.hpp"

namespace dtheta::gradcheck::cli {
namespace {

std::string usage() {
  std::string text =
      "NAME\n    gradcheck - holds gradients against an oracle that shares no code with them\n\n"
      "SYNOPSIS\n    gradcheck COMMAND [OPTION]...\n\nCOMMANDS\n";
  for (const Command* c : all_commands()) {
    text += fmt::format("    {:<10} {}\n", c->page.name, c->page.purpose);
  }
  text += "\n    'gradcheck COMMAND --help' is the page of a command.\n\n";
  return text + exit_status_section();
}

int dispatch(const std::string& program, const Words& words) {
  if (words.empty()) {
    fmt::print(stderr, "{}", usage());
    return bad_request;
  }
  if (words[0] == "--help" || words[0] == "-h" || words[0] == "help") {
    fmt::print("{}", usage());
    return passed;
  }
  for (const Command* c : all_commands()) {
    if (c->page.name == words[0]) {
      return c->run({program, words[0], {words.begin() + 1, words.end()}});
    }
  }
  fmt::print(stderr, "gradcheck: there is no command '{}'\n\n{}", words[0], usage());
  return bad_request;
}

}  // namespace
}  // namespace dtheta::gradcheck::cli

int main(int argc, char** argv) {
  using namespace dtheta::gradcheck::cli;
  try {
    const int status = dispatch(argc > 0 ? argv[0] : "gradcheck", Words(argv + 1, argv + argc));
    flush_standard_output();
    return status;
  } catch (const std::exception& e) {
    fmt::print(stderr, "gradcheck: {}\n", e.what());
    return bad_request;
  }
}
