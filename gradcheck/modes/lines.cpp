#include "gradcheck/modes/lines.hpp"

#include <algorithm>
#include <cmath>

#include "gradcheck/numeric/counter_bits.hpp"
#include "gradcheck/shared/team.hpp"

namespace dtheta::gradcheck::detail {
namespace {

// Of larger blocks nobody looks whether they hold quantities in different units: that takes a copy.
constexpr std::size_t most_sorted = std::size_t{1} << 22;

/// Uniform in (−√3, √3).
double signed_uniform(std::uint64_t key, std::size_t i) {
  constexpr double root_of_three = 1.7320508075688772;
  return root_of_three * (2.0 * uniform(scrambled(key + i)) - 1.0);
}

}  // namespace

Lines::Lines(ThetaCopies& copies, const Cost& cost, const ParameterVector& theta,
             std::span<const Block> blocks, std::span<const double> gradient, unsigned threads)
    : copies_(copies),
      cost_(cost),
      theta_(theta.values()),
      gradient_(gradient),
      threads_(std::max(threads, 1U)) {
  for (const Block& block : blocks) {
    Moves moves{block, scale_of(theta, block)};
    if (block.size <= most_sorted) {
      BlockScales scales(theta, block, gradient, 0.0);
      if (scales.mixed()) moves.mixed = scales;
    }
    double squares = 0.0;
    for (std::size_t i = block.offset; i < block.offset + block.size; ++i) {
      const double part = gradient[i] * (moves.mixed ? moves.mixed->length(i) : moves.length);
      if (std::isfinite(part)) squares += part * part;
    }
    moves.size = std::sqrt(squares);
    moves_.push_back(std::move(moves));
  }
}

/// Calls visit(i, d_i) for the entries that move.
template <class Visit>
void Lines::each(const Line& line, Visit visit) const {
  for (const Moves& moves : moves_) {
    const std::size_t first = std::max(line.first, moves.block.offset);
    const std::size_t last = std::min(line.last, moves.block.offset + moves.block.size);
    for (std::size_t i = first; i < last; ++i) {
      if (!std::isfinite(gradient_[i])) continue;
      const double length = moves.mixed ? moves.mixed->length(i) : moves.length;
      visit(i, length * signed_uniform(line.key, i));
    }
  }
}

double Lines::claimed(const Line& line) const {
  double sum = 0.0;
  each(line, [&](std::size_t i, double d) { sum += gradient_[i] * d; });
  return sum;
}

double Lines::ask(const Line& line, double t) const {
  ThetaCopies::Loan loan(copies_);
  const std::span<double> moved = *loan;
  each(line, [&](std::size_t i, double d) { moved[i] = theta_[i] + t * d; });
  const auto put_back = [&] {
    std::copy(theta_.begin() + static_cast<std::ptrdiff_t>(line.first),
              theta_.begin() + static_cast<std::ptrdiff_t>(line.last),
              moved.begin() + static_cast<std::ptrdiff_t>(line.first));
  };
  try {
    const double answer = cost_(moved);
    put_back();
    return answer;
  } catch (...) {
    put_back();
    throw;
  }
}

void Lines::answer(std::span<const Line> lines, std::span<const Probe> probes,
                   std::span<double> answers) const {
  const std::size_t threads = std::min<std::size_t>(threads_, probes.size());
  in_parallel(threads, [&](std::size_t t) {
    for (std::size_t k = t; k < probes.size(); k += threads) {
      answers[k] = ask(lines[probes[k].index], probes[k].value);
    }
  });
}

}  // namespace dtheta::gradcheck::detail
