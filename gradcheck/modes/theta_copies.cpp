#include "gradcheck/modes/theta_copies.hpp"

#include <algorithm>
#include <utility>

#include "gradcheck/numeric/same_bits.hpp"

namespace dtheta::gradcheck::detail {

std::vector<double> ThetaCopies::take() {
  {
    const std::scoped_lock lock(mutex_);
    if (!idle_.empty()) {
      std::vector<double> copy = std::move(idle_.back());
      idle_.pop_back();
      return copy;
    }
    idle_.reserve(++made_);  // so that giving back cannot fail
  }
  return {theta_.begin(), theta_.end()};
}

void ThetaCopies::give_back(std::vector<double> copy) noexcept {
  const std::scoped_lock lock(mutex_);
  idle_.push_back(std::move(copy));
}

bool ThetaCopies::left_untouched() const {
  const std::scoped_lock lock(mutex_);
  return std::ranges::all_of(
      idle_, [&](const std::vector<double>& copy) { return same_bits(copy, theta_); });
}

}  // namespace dtheta::gradcheck::detail
