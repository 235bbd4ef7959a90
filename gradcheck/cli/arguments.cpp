#include "gradcheck/cli/arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/program_options.hpp>
#include <cmath>
#include <optional>
#include <sstream>
#include <stdexcept>

#include "gradcheck/cli/number_text.hpp"
#include "gradcheck/replay.hpp"

namespace dtheta::gradcheck::cli {

namespace po = boost::program_options;

Watching CommonRequest::watching() const {
  if (no_progress) return Watching::never;
  return progress ? Watching::always : Watching::when_seen;
}

JunitStyle CommonRequest::junit_style() const { return {parse_inconclusive(inconclusive)}; }

void add_common_options(po::options_description& options, CommonRequest& r) {
  auto add = options.add_options();
  for (std::size_t i = 0; i < format_count; ++i) {
    const Format& format = formats()[i];
    add(format.option, po::value(&r.outputs.files[i])->value_name("FILE"), format.help);
  }
  add("inconclusive", po::value(&r.inconclusive)->default_value(r.inconclusive)->value_name("WORD"),
      "What a test of the JUnit file is called that could not tell: pass, skip or fail.");
  add("progress", po::bool_switch(&r.progress),
      "Show how far it has come, on standard error, also where that is no terminal. On a terminal "
      "it is shown by itself once half a second has passed, unless --json - is given.");
  add("no-progress", po::bool_switch(&r.no_progress), "Never show it.");
  add("help,h", po::bool_switch(&r.help), "Print this page.");
}

void add_check_options(po::options_description& options, CheckRequest& r) {
  auto add = options.add_options();
  add("method", po::value(&r.method)->default_value(r.method)->value_name("NAME"),
      "adaptive: steps, error bars and a verdict for each entry; or textbook: two-sided "
      "differences with one epsilon, judged by four bands.");
  add("epsilon", po::value(&r.epsilon)->value_name("E"),
      "Step of the textbook method (default: 1e-7).");
  add("threshold", po::value(&r.threshold)->value_name("T"),
      "Up to which difference the textbook's sentence says good (default: 1e-7; some courses use "
      "2e-7).");
  add("tolerance", po::value(&r.tolerance)->value_name("T"),
      "Relative error that the adaptive method must be able to see (default: 1e-7).");
  add("blocks", po::value(&r.blocks)->value_name("LIST"),
      "Check only these blocks, their names separated by commas.");
  add("examples", po::value(&r.examples)->value_name("M"),
      "Number of examples in the cost: then factors M and 1/M are named as such, and lambda/M.");
  add("entry", po::value(&r.entry)->value_name("ENTRY"),
      "In place of a check, show one probe with every number that goes into it. ENTRY is a block "
      "and a position in it, such as 'W1[2, 3]', or '#17', a position in theta. A failing report "
      "says which to look at.");
  add("step", po::value(&r.step)->value_name("H"),
      "Step of that probe (default: a thousandth of the size of the block's entries).");
}

Options CheckRequest::options() const {
  Options options;
  if (method == "textbook") {
    options.method = Method::textbook;
  } else if (method != "adaptive") {
    throw std::invalid_argument(
        fmt::format("there is no method '{}'; there are textbook and adaptive", method));
  }
  options.epsilon = epsilon;
  options.tolerance = tolerance;
  options.blocks = split(blocks);
  options.threads = threads;
  options.hints.examples = examples;
  return options;
}

namespace {

/// A number, or the quotient of two.
double penalty(std::string_view name, std::string_view text) {
  const std::size_t bar = text.find('/');
  const auto over = bar == text.npos ? std::optional(1.0) : read_number(text.substr(bar + 1));
  const auto number = read_number(text.substr(0, bar));
  const double value = number && over ? *number / *over : 0.0;
  if (value > 0.0 && std::isfinite(value)) return value;
  throw std::invalid_argument(
      fmt::format("{}: {} is no penalty: a positive number such as 0.014, or a quotient such as "
                  "0.7/50",
                  name, text));
}

}  // namespace

void PenaltyRequest::tell(Hints& hints) const {
  const auto words = [](const std::string& text) { return "lambda = " + text; };
  if (!l1.empty()) {
    hints.l1 = penalty("l1", l1);
    hints.l1_words = words(l1);
  }
  if (!l2.empty()) {
    hints.l2 = penalty("l2", l2);
    hints.l2_words = words(l2);
  }
}

void add_penalty_options(po::options_description& options, PenaltyRequest& r) {
  auto add = options.add_options();
  add("l2", po::value(&r.l2)->value_name("LAMBDA"),
      "J is known to hold LAMBDA/2 times the sum of squares of parameters; a number, or a quotient "
      "such as 0.7/50. A gradient that lacks this term, or has it otherwise, is told so.");
  add("l1", po::value(&r.l1)->value_name("LAMBDA"),
      "The same for LAMBDA times the sum of absolute values.");
}

po::parsed_options parsed(const Words& words, const po::options_description& options,
                          const po::positional_options_description& positional) {
  return po::command_line_parser(words).options(options).positional(positional).run();
}

void require_threads(unsigned threads) {
  constexpr unsigned most = 1024;
  if (threads >= 1 && threads <= most) return;
  throw std::invalid_argument(
      fmt::format("threads: {} were asked for, 1 to {} are possible", threads, most));
}

Words split(const std::string& list) {
  Words parts;
  std::istringstream in(list);
  for (std::string part; std::getline(in, part, ',');) parts.push_back(part);
  return parts;
}

std::string shell_word(std::string_view word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string same_request(const Invocation& invocation, const po::parsed_options& parsed,
                         const std::vector<std::string_view>& left_out) {
  std::string line = fmt::format("{} {}", shell_word(invocation.program), invocation.command);
  const auto dropped = [&](const std::string& name) {
    constexpr std::array<std::string_view, 7> shown{
        "inconclusive", "progress", "no-progress", "threads", "entry", "step", "examples"};
    return std::ranges::find(formats(), name, &Format::option) != formats().end() ||
           std::ranges::find(shown, name) != shown.end() ||
           std::ranges::find(left_out, name) != left_out.end();
  };
  for (const auto& option : parsed.options) {
    if (dropped(option.string_key)) continue;
    for (const std::string& word : option.original_tokens)
      line.append(" ").append(shell_word(word));
  }
  return line;
}

std::string probe_words(const ParameterVector& theta, const Component& component) {
  return fmt::format(" --entry {} --step {}", shell_word(entry_text(theta, component.position)),
                     component.step);
}

}  // namespace dtheta::gradcheck::cli
