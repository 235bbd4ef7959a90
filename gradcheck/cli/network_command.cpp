#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <stdexcept>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/stacked_probes.hpp"
#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/deliver.hpp"
#include "gradcheck/cli/interrupt.hpp"
#include "gradcheck/cli/npz_blocks.hpp"
#include "nn/dense_network.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

constexpr std::string_view description =
    "Checks the gradient of a network of dense layers whose arrays are in a NumPy archive: X "
    "(features, examples), Y (outputs, examples), W1, b1, W2, b2, ... The gradient is that of the "
    "library's tape, or one that stands beside the parameters as dW1, db1, ... It is held against "
    "differences of the cost, with all of its terms: loss, regularisation, dropout with frozen "
    "masks.\n\n"
    "A failing report names the worst entry of each failing block with its likely cause, and the "
    "command line that shows its probe again.";

struct Request : CommonRequest, CheckRequest {
  std::string file;
  std::string activations;
  std::string loss = "binary_cross_entropy";
  std::string convention = "lambda/2m";
  std::string gradient = "auto";
  double l1 = 0, l2 = 0, keep_prob = 1;
  bool frozen_masks = false;
  std::uint32_t seed = 0;
  std::vector<std::size_t> layers;
};

void add_network_options(po::options_description& options, Request& r) {
  auto add = options.add_options();
  add("activations", po::value(&r.activations)->value_name("LIST"),
      "One for each layer, separated by commas, such as relu,relu,sigmoid. Required.");
  add("loss", po::value(&r.loss)->default_value(r.loss)->value_name("NAME"),
      "Loss of one example; the cost is its mean.");
  add("l1", po::value(&r.l1)->value_name("LAMBDA"), "L1 regularisation, part of the cost.");
  add("l2", po::value(&r.l2)->value_name("LAMBDA"), "L2 regularisation, part of the cost.");
  add("convention", po::value(&r.convention)->default_value(r.convention)->value_name("NAME"),
      "What LAMBDA means: lambda/2m, lambda/m or lambda.");
  add("keep-prob", po::value(&r.keep_prob)->value_name("P"),
      "Dropout of the hidden layers: probability with which a unit is kept.");
  add("frozen-masks", po::bool_switch(&r.frozen_masks),
      "Draw the dropout masks once and keep them; without this dropout is refused.");
  add("seed", po::value(&r.seed)->value_name("N"), "Seed of the dropout masks.");
  add("gradient", po::value(&r.gradient)->default_value(r.gradient)->value_name("WHICH"),
      "Which gradient is checked: file, the one stored in FILE.npz; tape, that of the library; "
      "auto, the file's if it has one.");
  add("layer", po::value(&r.layers)->composing()->value_name("L"),
      "Check this layer only; may be given several times.");
  add("threads", po::value(&r.threads)->notifier(require_threads)->value_name("N"),
      "Threads that evaluate the cost (default: 1). The result has the same bits for any number.");
}

po::options_description options_of(Request& r) {
  po::options_description options;
  add_network_options(options, r);
  add_check_options(options, r);
  add_common_options(options, r);
  return options;
}

po::options_description options() {
  Request request;
  return options_of(request);
}

po::parsed_options parse(const Words& words, const po::options_description& visible, Request& r) {
  po::options_description all;
  all.add(visible).add_options()("file", po::value(&r.file));
  po::positional_options_description positional;
  positional.add("file", 1);
  const po::parsed_options parsed_words = parsed(words, all, positional);
  po::variables_map values;
  po::store(parsed_words, values);
  po::notify(values);
  if (r.help) return parsed_words;
  if (r.file.empty()) throw std::invalid_argument("network: no FILE.npz is given");
  if (r.activations.empty()) throw std::invalid_argument("network: --activations is missing");
  return parsed_words;
}

nn::DenseOptions network_options(const Request& r) {
  nn::DenseOptions options;
  for (const std::string& name : split(r.activations)) {
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
    const Tensor value = in_double(file, "d" + leaf.name);
    const Shape& shape = value.shape();
    gradient.add(leaf.name, leaf.layer, {shape.begin(), shape.end()}, value.data<double>());
  }
  return gradient;
}

int show_probe(const Request& request, Var cost, std::span<const CheckedLeaf> leaves,
               const NetworkOptions& options) {
  const ParameterVector theta = parameters_of(leaves);
  std::vector<Var> vars;
  for (const CheckedLeaf& leaf : leaves) vars.push_back(leaf.leaf);
  StackedProbes probes(cost, vars, theta.values(), options.threads);
  if (options.gradient != nullptr) theta.require_same_layout(*options.gradient);
  const ParameterVector gradient =
      options.gradient != nullptr ? *options.gradient : gradient_of(cost, leaves, theta);
  const std::size_t position = position_of(theta, request.entry);
  const double step = request.step != 0.0 ? request.step : usual_step(theta, position);
  return deliver(replay_probe(std::ref(probes), gradient, theta, position, step, options),
                 request.outputs);
}

int run(const Invocation& invocation) {
  Request request;
  const po::options_description options_known = options_of(request);
  const po::parsed_options words = parse(invocation.words, options_known, request);
  if (request.help) {
    fmt::print("{}", manual(network_command.page, options_known));
    return passed;
  }
  const nn::NpzFile file(request.file);
  const nn::DenseNetwork network(file.arrays(), network_options(request));
  Tape tape;
  const nn::RecordedCost recorded = network.record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(recorded.parameters);
  const ParameterVector gradient = stored_gradient(request, file, leaves);

  NetworkOptions options;
  static_cast<Options&>(options) = request.options();
  options.layers = request.layers;
  options.frozen_masks = request.frozen_masks;
  if (!gradient.empty()) options.gradient = &gradient;
  if (!request.entry.empty()) return show_probe(request, recorded.cost, leaves, options);

  const Interruptible interruptible;
  ProgressBar bar(is_watched(request.watching(), request.outputs.json), "entries");
  options.progress = watch_with(bar);
  options.replay = [&](const Component& c) {
    return same_request(invocation, words, {"layer", "blocks"}) + probe_words(c);
  };
  const Result result = check_network(recorded.cost, leaves, options);
  bar.clear();
  return deliver(result, request.outputs,
                 {"Gradient check of " + request.file, request.threshold, {}});
}

}  // namespace

const Command network_command{
    {"network",
     "gradient check of a network stored in an .npz file",
     {"FILE.npz --activations LIST [OPTION]...",
      "FILE.npz --activations LIST --entry ENTRY [OPTION]..."},
     description,
     {{"gradcheck network net.npz --activations relu,relu,sigmoid",
       "The tape's gradient, or the one in the file."},
      {"gradcheck network net.npz --activations tanh,softmax --loss cross_entropy --l2 0.1 --layer "
       "2",
       "Layer 2 of a classifier with a penalty."},
      {"gradcheck network net.npz --activations relu,sigmoid --method textbook --html report.html",
       "As courses teach it, with a page."},
      {"gradcheck network net.npz --activations relu,sigmoid --entry 'W1[2, 3]' --step 3e-4",
       "One probe, number by number."}}},
    options,
    run};

}  // namespace dtheta::gradcheck::cli
