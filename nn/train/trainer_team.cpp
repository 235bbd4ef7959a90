// What a Trainer does to be one of several ranks that train together.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "nn/distributed/team.hpp"
#include "nn/train/trainer.hpp"

namespace dtheta::nn {
namespace {

std::span<const std::byte> bytes_of(const Tensor& t) {
  return {static_cast<const std::byte*>(t.bytes()),
          static_cast<std::size_t>(t.size()) * size_of(t.dtype())};
}

std::uint64_t of_text(std::string_view text, std::uint64_t before) {
  return fingerprint(std::as_bytes(std::span(text)), before);
}

std::uint64_t of_number(double number, std::uint64_t before) {
  return fingerprint(std::as_bytes(std::span(&number, 1)), before);
}

}  // namespace

bool Trainer::leads() const { return options_.team == nullptr || options_.team->leads(); }

std::uint8_t Trainer::anywhere(std::uint8_t bits) const {
  if (options_.team == nullptr) return bits;
  return nn::anywhere(*options_.team, bits, "whether to go on");
}

/// Ranks that start from different things would train on, and each hold another model. The same
/// comparison at the end of each epoch finds machines that do not compute alike.
void Trainer::agree() {
  if (agreed_ && step_ % batches_.count() != 0) return;
  std::vector<Shared> all;
  std::uint64_t settings = of_number(static_cast<double>(step_), 0);
  for (const auto& [name, value] : settings_) settings = of_number(value, of_text(name, settings));
  settings = of_number(static_cast<double>(batches_.count()), settings);
  all.push_back({"the step and the settings", settings});
  std::uint64_t data = 0;
  const Table first = train_.rows(rows_of(step_));
  for (const Table::Column& c : first.columns()) {
    data = fingerprint(bytes_of(c.values), of_text(c.name, data));
  }
  all.push_back({"the batch of this step", data});
  for (const detail::StepProgram::State& s : program_->states()) {
    const std::span<const float> values = program_->value(s);
    all.push_back({s.name, fingerprint(std::as_bytes(values), of_text(s.name, 0))});
  }
  // Where even the names differ, lists of several lengths would be compared.
  std::uint64_t names = 0;
  for (const Shared& s : all) names = of_text(s.name, names);
  const Shared listed{"the parameters, buffers and the state of the optimiser that there are",
                      names};
  require_same(*options_.team, std::span(&listed, 1));
  require_same(*options_.team, all);
  agreed_ = true;
}

}  // namespace dtheta::nn
