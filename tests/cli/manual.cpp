// The pages that --help prints.
#include "gradcheck/cli/manual.hpp"

#include <boost/test/unit_test.hpp>
#include <sstream>

#include "gradcheck/cli/commands.hpp"
#include "program.hpp"

namespace dtheta::cli_test {

BOOST_AUTO_TEST_SUITE(manual)

BOOST_AUTO_TEST_CASE(every_page_has_its_sections_and_every_option) {
  for (const gradcheck::cli::Command* command : gradcheck::cli::all_commands()) {
    const Run r = run({std::string(command->page.name), "--help"});
    BOOST_TEST(r.status == 0);
    BOOST_TEST(r.err == "");
    BOOST_TEST(has(r.out, {"NAME\n", "SYNOPSIS\n", "DESCRIPTION\n", "OPTIONS\n", "EXIT STATUS\n",
                           "EXAMPLES\n"}));
    const auto options = command->options();
    BOOST_TEST(options.options().size() >= 8u);
    for (const auto& option : options.options()) {
      BOOST_TEST(
          has(r.out, {"--" + option->long_name() + (option->long_name() == "help" ? "\n" : "")}));
      BOOST_TEST(option->description() != "");
    }
  }
}

BOOST_AUTO_TEST_CASE(pages_fit_a_terminal) {
  for (const gradcheck::cli::Command* command : gradcheck::cli::all_commands()) {
    std::istringstream page(run({std::string(command->page.name), "--help"}).out);
    bool example = false;  // a command line is not broken
    for (std::string line; std::getline(page, line);) {
      example = example || line == "EXAMPLES";
      BOOST_TEST((example || line.size() <= 80u), line);
      BOOST_TEST(!line.ends_with(' '));
    }
  }
}

// An option that the page of one command shows in an example must be one that it takes.
BOOST_AUTO_TEST_CASE(examples_use_options_that_there_are) {
  for (const gradcheck::cli::Command* command : gradcheck::cli::all_commands()) {
    const auto options = command->options();
    for (const gradcheck::cli::Example& example : command->page.examples) {
      std::istringstream words{std::string(example.line)};
      for (std::string word; words >> word && word != "--";) {
        if (!word.starts_with("--")) continue;
        BOOST_TEST((options.find_nothrow(word.substr(2), false) != nullptr), word);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(text_is_wrapped_between_words) {
  using gradcheck::cli::wrapped;
  BOOST_TEST(wrapped("a b", 4) == "    a b\n");
  BOOST_TEST(wrapped("a\n\n  kept   as it is\nb", 2) == "  a\n\n    kept   as it is\n  b\n");
  const std::string word(50, 'x');
  BOOST_TEST(wrapped(word + " " + word, 1) == " " + word + "\n " + word + "\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
