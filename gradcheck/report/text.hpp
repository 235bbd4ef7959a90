#pragma once

#include <string>
#include <string_view>

namespace dtheta::gradcheck::detail {

/// Text that any reader takes: what is neither UTF-8 nor printable becomes "\x1b" and the like, so
/// that a name from a file cannot break a page, an XML file or a terminal. Tabs and ends of lines
/// stay.
std::string readable(std::string_view text);

}  // namespace dtheta::gradcheck::detail
