#pragma once

#include <boost/program_options/options_description.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace dtheta::gradcheck::cli {

/// An example of a command line, and what it is for.
struct Example {
  std::string_view line;
  std::string_view purpose;
};

/// What a command says of itself beside its options, which the parser knows.
struct Page {
  std::string_view name;
  std::string_view purpose;
  std::vector<std::string_view> synopsis;  ///< after "gradcheck NAME"
  std::string_view description;            ///< paragraphs, an empty line between two
  std::vector<Example> examples;
};

/// The page as a manual has it: NAME, SYNOPSIS, DESCRIPTION, OPTIONS, EXIT STATUS, EXAMPLES. The
/// options are those of the parser, so that none can be missing.
std::string manual(const Page& page, const boost::program_options::options_description& options);

/// The section EXIT STATUS, the same for every command.
std::string exit_status_section();

/// Breaks text into lines of at most 80 columns, each behind `indent` blanks. Lines that begin with
/// a blank stay as they are.
std::string wrapped(std::string_view text, std::size_t indent);

}  // namespace dtheta::gradcheck::cli
