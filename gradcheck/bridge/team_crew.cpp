#include "gradcheck/bridge/team_crew.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <utility>

namespace dtheta::gradcheck {

Crew crew_of(nn::Team& team) {
  Crew crew;
  crew.rank = static_cast<std::size_t>(team.rank());
  crew.size = static_cast<std::size_t>(team.size());
  crew.send = [&team](std::size_t to, std::span<const std::byte> letter) {
    team.post(static_cast<int>(to), letter);
  };
  crew.receive = [&team](double seconds) -> std::optional<Crew::Letter> {
    auto mail = team.collect(seconds);
    if (!mail) return std::nullopt;
    return Crew::Letter{static_cast<std::size_t>(mail->from), std::move(mail->bytes)};
  };
  return crew;
}

}  // namespace dtheta::gradcheck
