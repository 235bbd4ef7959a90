#include "gradcheck/cli/manual.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options/cmdline.hpp>
#include <cstddef>

namespace dtheta::gradcheck::cli {
namespace {

constexpr std::size_t page_width = 80;

std::string option_lines(const boost::program_options::option_description& option) {
  const auto prefix = boost::program_options::command_line_style::allow_long;
  std::string head = option.canonical_display_name(prefix);
  if (head == "--help") head = "-h, --help";
  // format_parameter: "FILE" or "NAME (=default)"; nothing for a switch.
  const std::string parameter = option.format_parameter();
  const auto given = parameter.find(" (=");
  if (!parameter.empty()) head.append(" ").append(parameter, 0, given);
  std::string text = option.description();
  if (given != std::string::npos) {
    if (text.ends_with('.')) text.pop_back();
    text +=
        fmt::format(" (default: {}).", parameter.substr(given + 3, parameter.size() - given - 4));
  }
  return fmt::format("    {}\n{}\n", head, wrapped(text, 8));
}

void append_line(std::string& out, std::string_view line, std::size_t indent) {
  std::size_t column = 0;
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    const std::string_view word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    if (word.empty()) continue;
    const bool fits = column > 0 && column + 1 + word.size() <= page_width;
    if (column > 0) out += fits ? ' ' : '\n';
    if (!fits) {
      out.append(indent, ' ');
      column = indent;
    } else {
      ++column;
    }
    out += word;
    column += word.size();
  }
  out += '\n';
}

}  // namespace

std::string wrapped(std::string_view text, std::size_t indent) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty()) {
      out += '\n';
    } else if (line.front() == ' ') {
      out.append(indent, ' ').append(line) += '\n';
    } else {
      append_line(out, line, indent);
    }
  }
  return out;
}

std::string exit_status_section() {
  return "EXIT STATUS\n"
         "    0   every gradient that was looked at is right\n"
         "    1   a gradient is wrong\n"
         "    2   the request, the input or the program under test is at fault\n"
         "    3   inconclusive, or stopped by Ctrl-C before a fault was found\n";
}

std::string manual(const Page& page, const boost::program_options::options_description& options) {
  std::string text =
      fmt::format("NAME\n    gradcheck {} - {}\n\nSYNOPSIS\n", page.name, page.purpose);
  for (const std::string_view use : page.synopsis) {
    text += fmt::format("    gradcheck {} {}\n", page.name, use);
  }
  text += fmt::format("\nDESCRIPTION\n{}\nOPTIONS\n", wrapped(page.description, 4));
  for (const auto& option : options.options()) text += option_lines(*option);
  text += exit_status_section() + "\nEXAMPLES\n";
  for (const Example& example : page.examples) {
    text += fmt::format("    {}\n{}\n", example.line, wrapped(example.purpose, 8));
  }
  text.pop_back();
  return text;
}

}  // namespace dtheta::gradcheck::cli
