#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {

/// Self-tests many ops, `threads` at a time; `done` is called after each, one call at a time.
/// Reports come in the order of the ops. Where `proceed` is given and says false, no further op is
/// begun: those that were not have no report.
[[nodiscard]] std::vector<OpReport> self_test_all(
    std::span<const OpRecord* const> ops, unsigned threads = 1,
    const std::function<void(const OpReport&)>& done = {},
    const std::function<bool()>& proceed = {});

/// A readable table, failures first and in full, and a closing line with the counts.
[[nodiscard]] std::string op_table(std::span<const OpReport> reports, bool colour = false);

/// The same as one self-contained page.
[[nodiscard]] std::string op_table_html(std::span<const OpReport> reports);

}  // namespace dtheta::gradcheck
