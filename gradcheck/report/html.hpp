#pragma once

#include <string>
#include <string_view>

namespace dtheta::gradcheck::detail {

/// Readable text (text.hpp) with the characters that mean something in HTML and XML replaced.
std::string escaped(std::string_view text);

/// A self-contained page up to and including <body>, in the style that all reports share.
std::string page_start(std::string_view title);
std::string page_end();

}  // namespace dtheta::gradcheck::detail
