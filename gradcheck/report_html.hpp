#pragma once

#include <string>
#include <string_view>

#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// One self-contained page (no scripts, nothing loaded): verdict, a heat map of the relative error
/// of every block as inline SVG, the blocks, the worst components and the notes.
std::string report_html(const Result& result, std::string_view title = "Gradient check");

}  // namespace dtheta::gradcheck
