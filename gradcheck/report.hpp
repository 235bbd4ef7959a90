#pragma once

/// Everything that a Result can be written as: text, one HTML page, JUnit.
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "gradcheck/report/report_junit.hpp"
