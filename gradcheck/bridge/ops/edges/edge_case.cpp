#include "gradcheck/bridge/ops/edges/edge_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <stdexcept>

namespace dtheta::gradcheck {
namespace {

std::vector<Var> first_order(const OpCase& c) {
  std::vector<Var> values{c.y, c.cost};
  values.insert(values.end(), c.gradient.begin(), c.gradient.end());
  return values;
}

template <class T>
void set_operands(Workspace<T>& ws, const OpCase& c, const Point& point) {
  for (std::size_t k = 0; k < point.size(); ++k) {
    if (!ws.plan().has_leaf(c.differentiated[k])) continue;
    const auto to = ws.leaf(c.differentiated[k]);
    std::ranges::transform(point[k], to.begin(), [](Quad v) { return static_cast<T>(v); });
  }
}

/// Whether it ran: an op may refuse a point.
template <class T>
bool run(Workspace<T>& ws) {
  try {
    ws.run();
    return true;
  } catch (const std::invalid_argument&) {
    return false;
  }
}

template <class T>
void append(std::vector<T>& to, std::span<const T> from) {
  to.insert(to.end(), from.begin(), from.end());
}

}  // namespace

EdgeCase::EdgeCase(const SampleCase& sample, const OpCase& recorded)
    : recorded_(recorded), first_order_(first_order(recorded)) {
  for (std::size_t i = 0; i < sample.inputs.size(); ++i) {
    const SampleInput& in = sample.inputs[i];
    if (in.kind != Kind::real || !in.differentiable) continue;
    domains_.push_back(in.values.empty() ? in.domain : Domain{-3, 3});
  }
  for (Var x : recorded.differentiated) {
    const auto values = x.data<double>();
    base_.emplace_back(values.begin(), values.end());
  }
}

std::size_t EdgeCase::element_count() const {
  std::size_t n = 0;
  for (const auto& operand : base_) n += operand.size();
  return n;
}

template <class T>
Workspace<T>& EdgeCase::workspace() {
  const auto made = [&](auto& slot) -> auto& {
    if (!slot) slot.emplace(first_order_);
    return *slot;
  };
  if constexpr (std::same_as<T, float>)
    return made(narrow_);
  else if constexpr (std::same_as<T, double>)
    return made(wide_);
  else
    return made(quad_);
}

template <class T>
std::optional<Derived<T>> EdgeCase::at(const Point& point, std::mt19937_64* turned, Quad by) {
  Workspace<T>& ws = workspace<T>();
  set_operands(ws, recorded_, point);
  const auto cotangent = recorded_.cotangent.data<double>();
  const auto weights = ws.leaf(recorded_.cotangent);
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Quad w = Quad(cotangent[i]);
    if (turned != nullptr) w = w * (Quad(1) + ((*turned)() % 2 == 0 ? by : -by));
    weights[i] = static_cast<T>(w);
  }
  if (!run(ws)) return {};
  Derived<T> found;
  append(found.value, ws[recorded_.y]);
  for (Var g : recorded_.gradient) append(found.gradient, ws[g]);
  return found;
}
template std::optional<Derived<float>> EdgeCase::at(const Point&, std::mt19937_64*, Quad);
template std::optional<Derived<double>> EdgeCase::at(const Point&, std::mt19937_64*, Quad);
template std::optional<Derived<Quad>> EdgeCase::at(const Point&, std::mt19937_64*, Quad);

Quad EdgeCase::cost(const Point& point) {
  if (!cost_) cost_.emplace(Plan({recorded_.cost}));
  set_operands(*cost_, recorded_, point);
  return run(*cost_) ? (*cost_)[recorded_.cost][0] : Quad(std::numeric_limits<double>::quiet_NaN());
}

std::optional<std::vector<Quad>> EdgeCase::hessian_column(const Point& point, std::size_t along) {
  if (!second_) second_.emplace(Plan(recorded_.second));
  set_operands(*second_, recorded_, point);
  std::size_t at = 0;
  for (Var v : recorded_.directions) {
    const auto size = static_cast<std::size_t>(v.size());
    if (second_->plan().has_leaf(v)) {
      const auto direction = second_->leaf(v);
      std::ranges::fill(direction, Quad(0));
      if (along >= at && along < at + size) direction[along - at] = Quad(1);
    }
    at += size;
  }
  if (!run(*second_)) return {};
  std::vector<Quad> column;
  for (std::size_t k = 0; k < base_.size(); ++k) append(column, (*second_)[recorded_.second[k]]);
  return column;
}

Quad& element(Point& point, std::size_t i) {
  std::size_t k = 0;
  for (; i >= point[k].size(); ++k) i -= point[k].size();
  return point[k][i];
}

std::string to_string(const Point& point) {
  std::string text;
  for (const auto& operand : point) {
    text += text.empty() ? "(" : " x (";
    for (std::size_t i = 0; i < operand.size(); ++i) {
      if (i == 6) {
        text += ", ...";
        break;
      }
      text += fmt::format("{}{:.9g}", i == 0 ? "" : ", ", static_cast<double>(operand[i]));
    }
    text += ")";
  }
  return text;
}

}  // namespace dtheta::gradcheck
