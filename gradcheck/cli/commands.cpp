#include "gradcheck/cli/commands.hpp"

#include <array>

namespace dtheta::gradcheck::cli {

std::span<const Command* const> all_commands() {
  static constexpr std::array<const Command*, 4> all{&ops_command, &network_command,
                                                     &function_command, &compare_command};
  return all;
}

}  // namespace dtheta::gradcheck::cli
