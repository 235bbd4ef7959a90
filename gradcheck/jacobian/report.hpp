#pragma once

#include <string>
#include <string_view>

#include "gradcheck/jacobian/result.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck {

/// A readable table: verdict and the sentence that says it, blocks worst first, likely causes, the
/// worst entries, dependences outside of the pattern, and what could not be seen.
std::string report(const JacobianResult& result, const ReportStyle& style = {});

/// The one sentence that stands on top.
std::string headline(const JacobianResult& result);

/// JUnit XML: a test case for each block of outputs by each block of inputs, and "whole check"
/// where the check as a whole does not pass for a reason that is none of its blocks'.
std::string report_junit(const JacobianResult& result, std::string_view suite = "gradcheck",
                         const JunitStyle& style = {});

/// One self-contained page: the report's tables, and of a dense Jacobian a map of its entries.
std::string report_html(const JacobianResult& result, std::string_view title = "Jacobian check");

/// The result as one JSON object: verdict, blocks with their worst entries, causes, notes.
std::string report_json(const JacobianResult& result);

}  // namespace dtheta::gradcheck
