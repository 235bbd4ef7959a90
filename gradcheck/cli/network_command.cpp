#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <iostream>
#include <sstream>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/json.hpp"
#include "gradcheck/report.hpp"
#include "gradcheck/report_html.hpp"
#include "nn/data/npz.hpp"
#include "nn/dense_network.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

struct Request {
  std::string file;
  std::string activations;
  std::string loss = "binary_cross_entropy";
  std::string convention = "lambda/2m";
  std::string method = "adaptive";
  std::string gradient = "auto";
  double l1 = 0, l2 = 0, keep_prob = 1, epsilon = 1e-7, tolerance = 1e-7, threshold = 1e-7;
  bool frozen_masks = false, help = false;
  std::uint32_t seed = 0;
  unsigned threads = 1;
  std::vector<std::size_t> layers;
  Outputs outputs;
};

po::options_description options_of(Request& r) {
  po::options_description options(
      "usage: gradcheck network FILE.npz --activations LIST [options]\n\n"
      "FILE holds X (features, examples), Y (outputs, examples), W1, b1, W2, b2, ... and may hold "
      "a "
      "gradient dW1, db1, ... to be checked in place of the tape's.\n\noptions");
  options.add_options()("help,h", po::bool_switch(&r.help), "print this text")(
      "activations", po::value(&r.activations)->value_name("LIST"),
      "one for each layer, separated by commas, such as relu,relu,sigmoid")(
      "loss", po::value(&r.loss)->default_value(r.loss)->value_name("NAME"),
      "loss of one example; the cost is its mean")("l1", po::value(&r.l1)->value_name("LAMBDA"),
                                                   "L1 regularisation, part of the cost")(
      "l2", po::value(&r.l2)->value_name("LAMBDA"), "L2 regularisation, part of the cost")(
      "convention", po::value(&r.convention)->default_value(r.convention)->value_name("NAME"),
      "what LAMBDA means: lambda/2m, lambda/m or lambda")(
      "keep-prob", po::value(&r.keep_prob)->value_name("P"),
      "dropout of the hidden layers: probability with which a unit is kept")(
      "frozen-masks", po::bool_switch(&r.frozen_masks),
      "draw the dropout masks once and keep them; without this dropout is refused")(
      "seed", po::value(&r.seed)->value_name("N"), "seed of the dropout masks")(
      "gradient", po::value(&r.gradient)->default_value(r.gradient)->value_name("WHICH"),
      "check the gradient that is stored in the file (file), that of the tape (tape), or the "
      "file's if it has one (auto)")("layer", po::value(&r.layers)->composing()->value_name("L"),
                                     "check this layer only; may be given several times")(
      "method", po::value(&r.method)->default_value(r.method)->value_name("NAME"),
      "adaptive, or textbook: two-sided differences with one epsilon, judged by four bands")(
      "epsilon", po::value(&r.epsilon)->value_name("E"), "step of the textbook method, 1e-7")(
      "threshold", po::value(&r.threshold)->value_name("T"),
      "up to which the textbook's sentence says good, 1e-7 (some courses use 2e-7)")(
      "tolerance", po::value(&r.tolerance)->value_name("T"),
      "relative error that the adaptive method must be able to see, 1e-7")(
      "threads", po::value(&r.threads)->default_value(1)->notifier(require_threads),
      "threads that evaluate the cost")(
      "json", po::value(&r.outputs.json)->value_name("FILE"),
      "write the result as JSON; - is standard output, which then carries nothing else")(
      "html", po::value(&r.outputs.html)->value_name("FILE"), "write the result as a web page");
  return options;
}

Request parse(const Words& words) {
  Request r;
  const po::options_description visible = options_of(r);
  po::options_description all;
  all.add(visible).add_options()("file", po::value(&r.file));
  po::positional_options_description positional;
  positional.add("file", 1);
  po::variables_map values;
  po::store(po::command_line_parser(words).options(all).positional(positional).run(), values);
  po::notify(values);
  if (r.help)
    std::cout << visible;
  else if (r.file.empty())
    throw std::invalid_argument("network: no FILE.npz is given");
  else if (r.activations.empty())
    throw std::invalid_argument("network: --activations is missing");
  return r;
}

nn::DenseOptions network_options(const Request& r) {
  nn::DenseOptions options;
  std::istringstream list(r.activations);
  for (std::string name; std::getline(list, name, ',');) {
    options.activations.push_back(nn::parse_activation(name));
  }
  options.loss = nn::parse_loss(r.loss);
  const nn::Convention convention = nn::parse_convention(r.convention);
  if (r.l1 != 0) options.regularizers.push_back({nn::Penalty::l1, r.l1, convention});
  if (r.l2 != 0) options.regularizers.push_back({nn::Penalty::l2, r.l2, convention});
  options.keep_prob = r.keep_prob;
  options.key = {r.seed, 0};
  return options;
}

Method parse_method(const std::string& name) {
  if (name == "textbook") return Method::textbook;
  if (name == "adaptive") return Method::adaptive;
  throw std::invalid_argument(
      fmt::format("network: there is no method '{}'; there are textbook and adaptive", name));
}

/// The gradient dW1, db1, ... of the file, if it is to be checked; its layout is compared later.
ParameterVector stored_gradient(const Request& r, const nn::NpzFile& file,
                                std::span<const CheckedLeaf> leaves) {
  ParameterVector gradient;
  const bool has_any = std::ranges::any_of(
      leaves, [&](const CheckedLeaf& leaf) { return file.contains("d" + leaf.name); });
  if (r.gradient == "tape" || (r.gradient == "auto" && !has_any)) return gradient;
  if (r.gradient != "file" && r.gradient != "auto") {
    throw std::invalid_argument(
        fmt::format("network: --gradient must be file, tape or auto, not '{}'", r.gradient));
  }
  for (const CheckedLeaf& leaf : leaves) {
    const Tensor value = file.at("d" + leaf.name).to(DType::float64);
    const Shape& shape = value.shape();
    gradient.add(leaf.name, leaf.layer, {shape.begin(), shape.end()}, value.data<double>());
  }
  return gradient;
}

int status_of(const Result& result) {
  if (result.method == Method::textbook) {
    return result.band == Band::excellent      ? passed
           : result.band == Band::double_check ? inconclusive
                                               : wrong_gradient;
  }
  return result.verdict == Verdict::pass   ? passed
         : result.verdict == Verdict::fail ? wrong_gradient
                                           : inconclusive;
}

}  // namespace

int run_network(const Words& words) {
  const Request request = parse(words);
  if (request.help) return passed;
  const nn::NpzFile file(request.file);
  const nn::DenseNetwork network(file.arrays(), network_options(request));
  Tape tape;
  const nn::RecordedCost recorded = network.record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(recorded.parameters);
  const ParameterVector gradient = stored_gradient(request, file, leaves);

  NetworkOptions options;
  options.method = parse_method(request.method);
  options.epsilon = request.epsilon;
  options.tolerance = request.tolerance;
  options.layers = request.layers;
  options.threads = request.threads;
  options.frozen_masks = request.frozen_masks;
  if (!gradient.empty()) options.gradient = &gradient;
  const Result result = check_network(recorded.cost, leaves, options);

  if (request.outputs.table()) {
    const bool colour = is_terminal(stdout);
    fmt::print("{}", report(result, {.colour = colour}));
    if (result.method == Method::textbook) {
      fmt::print("{}\n", textbook_sentence(result, request.threshold, colour));
    }
  }
  request.outputs.write_json_and_html(to_json(result),
                                      report_html(result, "Gradient check of " + request.file));
  return status_of(result);
}

}  // namespace dtheta::gradcheck::cli
