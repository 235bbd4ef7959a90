#include "nn/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <string_view>

#include "autodiff/errors.hpp"

namespace dtheta::nn::schedule {
namespace {

void require_positive(std::string_view schedule, Index steps) {
  if (steps >= 1) return;
  throw ValueError(fmt::format("{}: {} steps, need at least 1", schedule, steps));
}

}  // namespace

double step(double rate, Index at, Index period, double factor) {
  require_positive("step", period);
  const Index times = at / period;
  return rate * std::pow(factor, static_cast<double>(times));
}

double exponential(double rate, Index at, double factor) {
  return rate * std::pow(factor, static_cast<double>(at));
}

double cosine(double rate, Index at, Index duration, double last) {
  require_positive("cosine", duration);
  const double done = std::min(1.0, static_cast<double>(at) / static_cast<double>(duration));
  return last + (rate - last) * (1 + std::cos(std::numbers::pi * done)) / 2;
}

double warm_up(Index at, Index duration) {
  require_positive("warm_up", duration);
  return std::min(1.0, static_cast<double>(at + 1) / static_cast<double>(duration));
}

double Linear::operator()(Index at) const {
  require_positive("linear", duration);
  const double done = std::min(1.0, static_cast<double>(at) / static_cast<double>(duration));
  return rate + (last - rate) * done;
}

double MultiStep::operator()(Index at) const {
  const auto reached = std::ranges::count_if(milestones, [at](Index m) { return m <= at; });
  return rate * std::pow(factor, static_cast<double>(reached));
}

double OneCycle::operator()(Index at) const {
  require_positive("one_cycle", duration - 1);
  if (!(rise >= 0 && rise < 1)) {
    throw ValueError(fmt::format("one_cycle: rise {} is outside [0, 1)", rise));
  }
  const double lowest = rate / start, top = std::max(0.0, rise * static_cast<double>(duration) - 1);
  const double place = std::min(static_cast<double>(at), static_cast<double>(duration - 1));
  const auto half_cosine = [](double from, double to, double done) {
    return to + (from - to) * (1 + std::cos(std::numbers::pi * done)) / 2;
  };
  if (place < top) return half_cosine(lowest, rate, place / top);
  return half_cosine(rate, lowest / end, (place - top) / (static_cast<double>(duration - 1) - top));
}

std::function<double(Index)> by_name(std::string_view name, double rate, Index duration) {
  require_positive(name, duration);
  if (name == "constant") return [rate](Index) { return rate; };
  if (name == "step") return Step{rate, std::max(Index{1}, (duration + 2) / 3)};
  if (name == "exponential") {
    return Exponential{rate, std::pow(0.01, 1 / static_cast<double>(duration))};
  }
  if (name == "cosine") return Cosine{rate, duration};
  if (name == "linear") return Linear{rate, duration};
  if (name == "one_cycle") return OneCycle{rate, duration};
  throw ValueError(
      fmt::format("schedule: there is no '{}'; there are constant, step, exponential, cosine, "
                  "linear, one_cycle",
                  name));
}

Plateau::Plateau(double rate, double factor, int patience, double threshold, double lowest)
    : rate_(rate),
      factor_(factor),
      patience_(patience),
      threshold_(threshold),
      lowest_(lowest),
      best_(std::numeric_limits<double>::infinity()) {
  if (!(factor > 0 && factor < 1)) {
    throw ValueError(fmt::format("plateau: factor {} is outside (0, 1)", factor));
  }
}

double Plateau::operator()(double loss) {
  // The margin is on the size of the best, so that a negative loss too must fall to make progress.
  // Before the first loss the best is infinite, and a margin of it would be no number.
  const double margin = std::isfinite(best_) ? threshold_ * std::abs(best_) : 0;
  if (loss < best_ - margin) {
    best_ = loss;
    waited_ = 0;
  } else if (++waited_ > patience_) {
    rate_ = std::max(rate_ * factor_, lowest_);
    waited_ = 0;
  }
  return rate_;
}

}  // namespace dtheta::nn::schedule
