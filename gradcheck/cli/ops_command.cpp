#include <fmt/format.h>

#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <thread>

#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/op_table.hpp"
#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/report.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

struct Request {
  std::vector<std::string> names;
  Outputs outputs;
  unsigned threads = 1;
  bool help = false;
};

po::options_description options_of(Request& r) {
  po::options_description options("usage: gradcheck ops [options]\n\noptions");
  options.add_options()("help,h", po::bool_switch(&r.help), "print this text")(
      "op", po::value(&r.names)->composing()->value_name("NAME"),
      "test this op only; may be given several times")(
      "threads",
      po::value(&r.threads)
          ->default_value(std::max(1U, std::thread::hardware_concurrency()))
          ->notifier(require_threads),
      "ops tested at the same time")(
      "json", po::value(&r.outputs.json)->value_name("FILE"),
      "write the result as JSON; - is standard output, which then carries nothing else")(
      "html", po::value(&r.outputs.html)->value_name("FILE"), "write the result as a web page");
  return options;
}

}  // namespace

int run_ops(const Words& words) {
  Request request;
  const po::options_description options = options_of(request);
  po::variables_map values;
  po::store(po::command_line_parser(words).options(options).positional({}).run(), values);
  po::notify(values);
  if (request.help) {
    std::cout << options;
    return passed;
  }

  std::vector<const OpRecord*> ops;
  for (const std::string& name : request.names) ops.push_back(&find_op(name));
  if (ops.empty()) ops.assign(all_ops().begin(), all_ops().end());

  const bool watched = is_terminal(stderr);
  std::size_t done = 0;
  const auto reports = self_test_all(ops, request.threads, [&](const OpReport& r) {
    ++done;
    if (watched) fmt::print(stderr, "\r\033[K{}/{} {}", done, ops.size(), r.op);
  });
  if (watched) fmt::print(stderr, "\r\033[K");

  if (request.outputs.table()) fmt::print("{}", op_table(reports, is_terminal(stdout)));
  request.outputs.write_json_and_html(to_json(reports), op_table_html(reports));
  for (const OpReport& r : reports) {
    if (!r) return wrong_gradient;
  }
  return passed;
}

}  // namespace dtheta::gradcheck::cli
