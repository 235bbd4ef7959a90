#pragma once

#include <boost/program_options/options_description.hpp>
#include <span>

#include "gradcheck/cli/arguments.hpp"
#include "gradcheck/cli/manual.hpp"

namespace dtheta::gradcheck::cli {

/// A command of the program: what it says of itself, the options that its parser knows, and what it
/// does. `run` returns an exit status; a request that cannot be met is an exception, which `main`
/// reports with status 2.
struct Command {
  Page page;
  boost::program_options::options_description (*options)();
  int (*run)(const Invocation&);
};

/// Self-test of the built-in ops.
extern const Command ops_command;
/// Gradient check of a network stored in an .npz file.
extern const Command network_command;
/// Gradient check of a function that another program computes.
extern const Command function_command;
/// Two gradients against each other.
extern const Command compare_command;

/// All of them, in the order in which they are listed.
std::span<const Command* const> all_commands();

}  // namespace dtheta::gradcheck::cli
