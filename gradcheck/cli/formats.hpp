#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/self_test.hpp"
#include "gradcheck/replay.hpp"
#include "gradcheck/report/exhibits.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::cli {

/// A check, with what goes into a file of it beside the result.
struct CheckedCost {
  const Result& result;
  std::string title;  ///< of the page and the suite
  JunitStyle junit{};
  /// Measures what the page shows beside the verdict; called only where a page is written.
  std::function<Exhibits()> exhibits{};
};

/// A self-test of ops. `untested`: those that a stopped test did not reach.
struct TestedOps {
  std::span<const OpReport> reports;
  std::vector<std::string> untested{};
  JunitStyle junit{};
};

/// A format in which results are written to files: how it is asked for, and what writes it. One
/// that some results do not have has no writer there.
struct Format {
  const char* option;
  const char* help;
  std::string (*of_check)(const CheckedCost&);
  std::string (*of_ops)(const TestedOps&);
  std::string (*of_probe)(const ProbeReplay&) = nullptr;
  std::string (*of_list)(std::span<const ListedOp>) = nullptr;
};

/// All of them. Who adds one adds a row; each command then has its option.
inline constexpr std::size_t format_count = 3;
[[nodiscard]] std::span<const Format, format_count> formats();

/// The file that each format is written to. An empty name means not at all; "-" is standard output,
/// which then carries nothing else.
struct Outputs {
  std::array<std::string, format_count> files;

  /// Whether standard output is there for a person to read.
  [[nodiscard]] bool table() const;
  /// Writes what was asked for, each to a file that appears only when it is complete. One that
  /// cannot be written does not keep the others from it: its error is thrown afterwards.
  void write(const CheckedCost& check) const;
  void write(const TestedOps& ops) const;
  void write(const ProbeReplay& probe) const;
  void write(std::span<const ListedOp> ops) const;
  /// Throw std::invalid_argument where a format is asked for that one probe, or a list of ops, does
  /// not have.
  void require_probe() const;
  void require_list() const;
};

}  // namespace dtheta::gradcheck::cli
