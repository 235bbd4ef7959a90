#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <stdexcept>
#include <thread>

#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/ops/op_table.hpp"
#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/interrupt.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/cli/junit.hpp"
#include "gradcheck/cli/op_list_page.hpp"
#include "gradcheck/report/report.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

constexpr std::string_view description =
    "Tests the ops of the library on the samples that each of them lists: first and second "
    "derivatives against differences computed in quad precision, forward mode against reverse "
    "mode, replays against recordings bit for bit, float against double, and rules for a leading "
    "axis against item by item. Or lists them with their rules.";

struct Request : CommonRequest {
  std::vector<std::string> names;
  std::vector<std::size_t> numbers;
  bool list = false;
  unsigned threads = std::max(1U, std::thread::hardware_concurrency());
};

po::options_description options_of(Request& r) {
  po::options_description options;
  auto add = options.add_options();
  add("op", po::value(&r.names)->composing()->value_name("NAME"),
      "Test this op only; may be given several times.");
  add("case", po::value(&r.numbers)->composing()->value_name("N"),
      "Test this sample of the op only, counted from 0; may be given several times. Goes with one "
      "--op.");
  add("list", po::bool_switch(&r.list),
      "In place of a test, print what the ops compute, their derivatives, domains and traits, as a "
      "page of Markdown or, with --json, as JSON.");
  add("threads", po::value(&r.threads)->notifier(require_threads)->value_name("N"),
      "Ops tested at the same time (default: as many as the machine can).");
  add_common_options(options, r);
  return options;
}

po::options_description options() {
  Request request;
  return options_of(request);
}

std::vector<const OpRecord*> ops_of(const Request& request) {
  std::vector<const OpRecord*> ops;
  for (const std::string& name : request.names) ops.push_back(&find_op(name));
  if (!request.numbers.empty() && ops.size() != 1) {
    throw std::invalid_argument("case: it goes with one --op");
  }
  if (ops.empty()) ops.assign(all_ops().begin(), all_ops().end());
  return ops;
}

/// Prints the rules of all ops, or of those that are named.
int list(const Request& request) {
  request.outputs.require_list();
  if (!request.numbers.empty()) {
    throw std::invalid_argument("list: it goes with no --case, as nothing is tested");
  }
  std::vector<ListedOp> ops;
  for (const std::string& name : request.names) ops.push_back(find_listed_op(name));
  if (ops.empty()) ops.assign(listed_ops().begin(), listed_ops().end());
  if (request.outputs.table()) fmt::print("{}", op_list_page(ops));
  request.outputs.write(std::span<const ListedOp>(ops));
  return passed;
}

/// The reports of the chosen samples as one.
OpReport test_cases(const OpRecord& op, const std::vector<std::size_t>& numbers) {
  OpReport all;
  all.op = op.info.name;
  for (const std::size_t number : numbers) {
    OpReport one = self_test_case(op, number);
    all.cases += one.cases;
    all.difference = std::max(all.difference, one.difference);
    all.quad_difference = std::max(all.quad_difference, one.quad_difference);
    all.second_difference = std::max(all.second_difference, one.second_difference);
    all.float_ulps = std::max(all.float_ulps, one.float_ulps);
    for (OpFailure& f : one.failures) all.failures.push_back(std::move(f));
  }
  return all;
}

std::vector<OpReport> test(const Request& request, std::span<const OpRecord* const> ops) {
  if (!request.numbers.empty()) return {test_cases(*ops.front(), request.numbers)};
  ProgressBar bar(is_watched(request.watching(), request.outputs.table()), "ops");
  const auto start = std::chrono::steady_clock::now();
  std::size_t done = 0;
  const auto show = [&](const OpReport&) {
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    bar.show({++done, ops.size(), 0, taken.count()});
  };
  return self_test_all(ops, request.threads, show, [] { return !Interruptible::requested(); });
}

std::vector<std::string> untested(std::span<const OpRecord* const> ops,
                                  std::span<const OpReport> reports) {
  std::vector<std::string> names;
  for (const OpRecord* op : ops) {
    const bool tested = std::ranges::find(reports, op->info.name, &OpReport::op) != reports.end();
    if (!tested) names.emplace_back(op->info.name);
  }
  return names;
}

int run(const Invocation& invocation) {
  Request request;
  const po::options_description options = options_of(request);
  po::variables_map values;
  po::store(parsed(invocation.words, options), values);
  po::notify(values);
  if (request.help) {
    fmt::print("{}", manual(ops_command.page, options));
    return passed;
  }
  if (request.list) return list(request);
  const std::vector<const OpRecord*> ops = ops_of(request);
  const JunitStyle style = request.junit_style();
  const Interruptible interruptible;
  std::vector<OpReport> reports = test(request, ops);
  bool good = true;
  for (OpReport& r : reports) {
    for (OpFailure& f : r.failures) {
      f.replay =
          fmt::format("{} ops --op {} --case {}", shell_word(invocation.program), r.op, f.sample);
    }
    good = good && r;
  }
  const bool complete = reports.size() == ops.size();

  if (request.outputs.table()) {
    fmt::print("{}", op_table(reports, is_terminal(stdout)));
    if (!complete) {
      fmt::print("note: stopped before {} of {} ops were tested\n", ops.size() - reports.size(),
                 ops.size());
    }
  }
  request.outputs.write(TestedOps{reports, untested(ops, reports), style});
  if (!good) return wrong_gradient;
  return complete ? passed : inconclusive;
}

}  // namespace

const Command ops_command{
    {"ops",
     "self-test of every op of the library",
     {"[OPTION]..."},
     description,
     {{"gradcheck ops", "Every op on every sample."},
      {"gradcheck ops --list", "Every op with its rule, as docs/ops.md has them."},
      {"gradcheck ops --op tanh --op matmul --json -", "Two ops, the result as JSON."},
      {"gradcheck ops --op tanh --case 5", "One sample, as the report of a failure names it."}}},
    options,
    run};

}  // namespace dtheta::gradcheck::cli
