#pragma once

#include <string>
#include <string_view>

#include "gradcheck/report/exhibits.hpp"
#include "gradcheck/result.hpp"

namespace dtheta::gradcheck {

/// One self-contained page (no scripts, nothing loaded): verdict, a heat map of the relative error
/// of every block as inline SVG, likely causes, analytic against numeric, the blocks, the worst
/// components and the notes; with exhibits also the error over the step and the Taylor remainders.
std::string report_html(const Result& result, std::string_view title = "Gradient check",
                        const Exhibits& exhibits = {});

}  // namespace dtheta::gradcheck
