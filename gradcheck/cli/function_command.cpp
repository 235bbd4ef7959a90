#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>
#include <stdexcept>

#include "gradcheck/cli/child_pool.hpp"
#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/deliver.hpp"
#include "gradcheck/cli/direction_result.hpp"
#include "gradcheck/cli/interrupt.hpp"
#include "gradcheck/cli/npz_blocks.hpp"
#include "gradcheck/numeric/finite_difference.hpp"
#include "gradcheck/sample.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

constexpr std::string_view description =
    "Checks a gradient that a program computes, in whatever language it is written. PROGRAM reads "
    "requests from its standard input and answers each on its standard output, one line for one "
    "line. First it says what it computes:\n\n"
    "    gradcheck-function 1\n"
    "    block W 2x3 0.1 0.2 0.3 0.4 0.5 0.6\n"
    "    block b scalar -0.25\n"
    "    ready\n\n"
    "Then it is asked, with all numbers of theta behind the word, and answers with J, or with J "
    "and the gradient in the order of theta:\n\n"
    "    cost 0.1 0.2 0.3 0.4 0.5 0.6 -0.25          1.75\n"
    "    gradient 0.1 0.2 0.3 0.4 0.5 0.6 -0.25      1.75 0.5 0 0 0 0 0 1\n\n"
    "Numbers are decimals, hexadecimal floats, inf or nan. 'error MESSAGE' is an answer too. The "
    "program must flush its output after each line and end when its input ends. It may write "
    "'layer N' before blocks, leave out their values if --theta gives them, and write 'gradient "
    "no' before 'ready' if it has none: then --gradient gives it. Several requests may wait in its "
    "input. docs/function-protocol.md has the whole of it.";

struct Request : CommonRequest, CheckRequest {
  std::string theta;
  std::string gradient;
  std::size_t sample = 0;
  std::size_t directions = 0;
  std::uint64_t seed = 1;
  double timeout = 10.0;
  double start_timeout = 60.0;
  PenaltyRequest penalties;
};

po::options_description options_of(Request& r) {
  po::options_description options;
  auto add = options.add_options();
  add("theta", po::value(&r.theta)->value_name("FILE.npz"),
      "Take the values of theta from the arrays of this file, named as the blocks.");
  add("gradient", po::value(&r.gradient)->value_name("FILE.npz"),
      "Check the gradient in this file, its arrays named as the blocks or with a d before, in "
      "place of the program's.");
  add("sample", po::value(&r.sample)->value_name("N"),
      "Check only N entries, drawn at random, at least one of each block.");
  add("directions", po::value(&r.directions)->value_name("N"),
      "Check the derivative along up to N random directions in place of single entries: the price "
      "does not grow with theta. Blocks that would not be seen beside the others are moved alone.");
  add("seed", po::value(&r.seed)->value_name("N"), "Seed of sample and directions (default: 1).");
  add("threads", po::value(&r.threads)->notifier(require_threads)->value_name("N"),
      "Copies of the program that run at the same time (default: 1).");
  add("timeout", po::value(&r.timeout)->value_name("S"),
      "Seconds to wait for an answer (default: 10).");
  add("start-timeout", po::value(&r.start_timeout)->value_name("S"),
      "Seconds to wait until the program is ready (default: 60).");
  add_check_options(options, r);
  add_penalty_options(options, r.penalties);
  add_common_options(options, r);
  return options;
}

po::options_description options() {
  Request request;
  return options_of(request);
}

/// The words before "--", which are ours, and those behind it, which are the program's.
struct Halves {
  Words ours;
  Words program;
};
Halves halves_of(const Words& words) {
  const auto middle = std::ranges::find(words, "--");
  Halves halves{{words.begin(), middle}, {}};
  if (middle != words.end()) halves.program.assign(middle + 1, words.end());
  return halves;
}

void validate(const Request& r, const Words& program) {
  if (program.empty()) {
    throw std::invalid_argument(
        "function: no program is given; it stands at the end, behind --, with its own arguments");
  }
  static_cast<void>(r.junit_style());
  require_positive("timeout", r.timeout);
  require_positive("start-timeout", r.start_timeout);
  if (r.sample > 0 && r.directions > 0) {
    throw std::invalid_argument("function: --sample and --directions exclude each other");
  }
  const bool whole = r.sample > 0 || r.directions > 0;
  if (whole && !r.blocks.empty()) {
    throw std::invalid_argument("function: --blocks goes with neither --sample nor --directions");
  }
  if (r.directions > 0 && r.method == "textbook") {
    throw std::invalid_argument("function: --directions goes with the adaptive method");
  }
}

/// The check of one program: θ, its gradient, and the evaluations between.
class FunctionCheck {
 public:
  FunctionCheck(const Request& request, const Invocation& invocation,
                const po::parsed_options& parsed, const Words& command)
      : request_(request),
        pool_({command, request.threads, request.start_timeout, request.timeout}),
        theta_(pool_.hello().theta),
        title_(fmt::format("Gradient check of {}", fmt::join(command, " "))),
        replay_(same_request(invocation, parsed,
                             {"sample", "directions", "seed", "blocks", "l1", "l2"})) {
    for (const std::string& word : command) program_.append(" ").append(shell_word(word));
    load_theta();
    load_gradient();
  }

  int run() {
    if (!request_.entry.empty()) return show_probe();
    const Interruptible interruptible;
    const bool textbook = request_.method == "textbook";
    ProgressBar bar(is_watched(request_.watching(), request_.outputs.table()), "entries",
                    textbook ? 2.0 : 5.0);
    Options options = request_.options();
    request_.penalties.tell(options.hints);
    options.progress = watch_with(bar);
    options.replay = [this](const Component& c) {
      return fmt::format("{}{} --{}", replay_, probe_words(theta_, c), program_);
    };
    const auto start = std::chrono::steady_clock::now();
    const Result result = check(options);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    bar.clear();
    const int status = deliver(
        CheckedCost{result, title_, request_.junit_style(), exhibits(result, taken.count())},
        request_.outputs, request_.threshold);
    pool_.finish();
    return status;
  }

 private:
  void load_theta() {
    if (!request_.theta.empty()) {
      theta_ = blocks_from(blocks_in(request_.theta, theta_, {""}), theta_, {""});
      pool_.set_theta(theta_.values());
    } else if (!pool_.hello().has_values) {
      throw std::invalid_argument(
          "function: the program gives no values for its blocks; --theta FILE.npz does");
    }
    const auto values = theta_.values();
    const auto bad = std::ranges::find_if(values, [](double v) { return !std::isfinite(v); });
    if (bad == values.end()) return;
    throw std::invalid_argument(
        fmt::format("function: {} is {}; theta must be finite",
                    to_string(theta_.key(static_cast<std::size_t>(bad - values.begin()))), *bad));
  }

  void load_gradient() {
    if (!request_.gradient.empty()) {
      stored_ = blocks_from(blocks_in(request_.gradient, theta_, {"d", ""}), theta_, {"d", ""});
    } else if (!pool_.hello().has_gradient) {
      throw std::invalid_argument(
          "function: the program says that it has no gradient; --gradient FILE.npz gives one to be "
          "checked");
    }
  }

  Gradient gradient() {
    if (stored_) return Gradient(*stored_);
    return Gradient([this](std::span<const double> theta) {
      std::vector<double> values = pool_.cost_and_gradient(theta);
      values.erase(values.begin());
      return values;
    });
  }

  Cost cost() {
    return [this](std::span<const double> theta) { return pool_.cost(theta); };
  }

  Result check(const Options& options) {
    if (request_.directions > 0) {
      DirectionOptions along;
      along.most = request_.directions;
      along.seed = request_.seed;
      along.check = options;
      along.check.threads = 1;  // one direction is moved at a time
      const DirectionResult found = check_directions(cost(), gradient(), theta_, along);
      return result_of(found, pool_.cost(theta_.values()));
    }
    if (request_.sample > 0) {
      SampleOptions some;
      some.count = request_.sample;
      some.seed = request_.seed;
      some.check = options;
      return check_sample(std::ref(pool_), gradient(), theta_, some).result;
    }
    return check_probes(std::ref(pool_), gradient(), theta_, options);
  }

  int show_probe() {
    request_.outputs.require_probe();
    const std::size_t position = position_of(theta_, request_.entry);
    const double step = request_.step != 0.0 ? request_.step : usual_step(theta_, position);
    const int status = deliver(
        replay_probe(std::ref(pool_), gradient(), theta_, position, step, request_.options()),
        request_.outputs);
    pool_.finish();
    return status;
  }

  /// Curves and remainders cost some 250 evaluations: too many for a slow program.
  std::function<Exhibits()> exhibits(const Result& result, double seconds) {
    constexpr double evaluations = 250.0;
    constexpr double longest = 5.0;
    const double each = seconds / static_cast<double>(std::max<std::size_t>(1, result.evaluations));
    const bool whole = request_.sample == 0 && request_.directions == 0 && !stored_;
    if (!whole || each * evaluations > longest) return {};
    return [this, &result] { return collect_exhibits(cost(), gradient(), theta_, result); };
  }

  const Request& request_;
  ChildPool pool_;
  ParameterVector theta_;
  std::optional<ParameterVector> stored_;
  std::string title_;
  std::string replay_;
  std::string program_;
};

int run(const Invocation& invocation) {
  Request request;
  const po::options_description options_known = options_of(request);
  const Halves halves = halves_of(invocation.words);
  const po::parsed_options words = parsed(halves.ours, options_known);
  po::variables_map values;
  po::store(words, values);
  po::notify(values);
  if (request.help) {
    fmt::print("{}", manual(function_command.page, options_known));
    return passed;
  }
  validate(request, halves.program);
  return FunctionCheck(request, invocation, words, halves.program).run();
}

}  // namespace

const Command function_command{
    {"function",
     "gradient check of what another program computes",
     {"[OPTION]... -- PROGRAM [ARGUMENT]...", "[OPTION]... --entry ENTRY -- PROGRAM [ARGUMENT]..."},
     description,
     {{"gradcheck function -- python3 examples/function_protocol.py",
       "A program that comes with the library."},
      {"gradcheck function --threads 4 --theta net.npz -- ./my_network --data mnist",
       "Four copies at once, theta from a file."},
      {"gradcheck function --gradient dnet.npz --theta net.npz -- ./cost_alone",
       "The program computes J alone; the gradient comes from elsewhere."},
      {"gradcheck function --directions 8 -- ./large_model",
       "A million parameters at the price of a hundred evaluations."}}},
    options,
    run};

}  // namespace dtheta::gradcheck::cli
