#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gradcheck/check.hpp"
#include "gradcheck/cli/formats.hpp"
#include "gradcheck/cli/output.hpp"
#include "gradcheck/cli/progress_bar.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::cli {

/// A command line in its parts.
struct Invocation {
  std::string program;  ///< as it was called
  std::string command;
  Words words;  ///< after the command
};

/// What every command can be asked.
struct CommonRequest {
  Outputs outputs;
  std::string inconclusive = "fail";
  bool progress = false, no_progress = false, help = false;
  [[nodiscard]] Watching watching() const;
  /// Throws OptionError for a word that says nothing.
  [[nodiscard]] JunitStyle junit_style() const;
};
void add_common_options(boost::program_options::options_description& options, CommonRequest& r);

/// What can be asked of a check of θ by differences.
struct CheckRequest {
  std::string method = "adaptive";
  double epsilon = 1e-7, tolerance = 1e-7, threshold = 1e-7;
  std::string blocks;
  std::size_t examples = 0;
  unsigned threads = 1;
  std::string entry;
  double step = 0.0;
  /// As the checker takes it; without progress and replay.
  [[nodiscard]] Options options() const;
};
void add_check_options(boost::program_options::options_description& options, CheckRequest& r);

/// What is known of the penalties of a J that another program computes: λ of λ/2 Σθ² and of λ Σ|θ|,
/// each a number or a quotient such as 0.7/50.
struct PenaltyRequest {
  std::string l1, l2;
  /// Throws std::invalid_argument for a λ that is no positive number.
  void tell(Hints& hints) const;
};
void add_penalty_options(boost::program_options::options_description& options, PenaltyRequest& r);

/// Reads the words of a command. `positional` may be empty: then none is taken.
boost::program_options::basic_parsed_options<char> parsed(
    const Words& words, const boost::program_options::options_description& options,
    const boost::program_options::positional_options_description& positional = {});

/// Throws std::invalid_argument unless a number of threads is one that can be had. (The option
/// parser takes -1 for the largest number there is.)
void require_threads(unsigned threads);

/// A list such as "W1,b1"; empty text is an empty list.
Words split(const std::string& list);

/// A word as a shell takes it.
std::string shell_word(std::string_view word);

/// The command line again, without where results go and how they are shown, and without the options
/// named: what the words of a probe are appended to.
std::string same_request(const Invocation& invocation,
                         const boost::program_options::basic_parsed_options<char>& parsed,
                         const std::vector<std::string_view>& left_out);

/// " --entry 'W1[2, 3]' --step 0.00032": the words that show a component's probe again.
std::string probe_words(const ParameterVector& theta, const Component& component);

}  // namespace dtheta::gradcheck::cli
