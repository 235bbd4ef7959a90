#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <stdexcept>

#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/bridge/probes/stacked_probes.hpp"
#include "gradcheck/cli/activation_slips.hpp"
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
    "A gradient of your own that was computed with dropout belongs to your masks: store them as "
    "D1, D2, ... (0 and 1, in the shape of the layer's output), and J is computed with them.\n\n"
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
      "Draw the dropout masks once and keep them; without this, and without D1, D2, ... in the "
      "file, dropout is refused.");
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
  po::parsed_options parsed_words = parsed(words, all, positional);
  po::variables_map values;
  po::store(parsed_words, values);
  po::notify(values);
  if (r.help) return parsed_words;
  if (r.file.empty()) throw std::invalid_argument("network: no FILE.npz is given");
  if (r.activations.empty()) throw std::invalid_argument("network: --activations is missing");
  return parsed_words;
}

/// Whether the command looks at an array of that name at all.
bool is_needed(std::string_view name) {
  if (name == "X" || name == "Y") return true;
  if (name.starts_with("dW") || name.starts_with("db")) name.remove_prefix(1);
  const bool letter = name.starts_with('W') || name.starts_with('b') || name.starts_with('D');
  return letter && name.size() > 1 &&
         std::ranges::all_of(name.substr(1), [](char c) { return c >= '0' && c <= '9'; });
}

/// The masks D1, D2, ... of the hidden layers; none if the file has none or there is no dropout.
std::vector<Tensor> stored_masks(const Request& r, const nn::NpzFile& file, std::size_t layers) {
  std::vector<Tensor> masks;
  if (r.keep_prob == 1) return masks;
  const auto name = [](std::size_t layer) { return fmt::format("D{}", layer); };
  bool any = false;
  for (std::size_t l = 1; l < layers; ++l) any = any || file.contains(name(l));
  for (std::size_t l = 1; any && l < layers; ++l) masks.push_back(in_double(file, name(l)));
  return masks;
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

/// A gradient with dropout is that of one J for each draw of the masks.
void refuse_foreign_masks(const Request& r, bool stored, bool masks) {
  if (!stored || masks || r.keep_prob == 1) return;
  throw std::invalid_argument(
      "network: the gradient in the file was computed with dropout masks that the file does not "
      "hold; with masks drawn here J is another function, and a right gradient would be called "
      "wrong. Store the masks of the hidden layers as D1, D2, ... (0 and 1, in the shape of the "
      "layer's output), check without dropout (--keep-prob 1), or check the library's own gradient "
      "(--gradient tape)");
}

/// What the coefficient of a penalty is made of, as its gradient has it: "lambda/m = 0.7/50".
struct Coefficient {
  double value = 0.0;
  std::string words;
};
Coefficient coefficient_of(const Request& r, double lambda, int power, std::size_t m) {
  if (lambda == 0.0) return {};
  const auto examples = static_cast<double>(m);
  // lambda/2m |w|^2 has lambda/m w, lambda/2m |w| has lambda/2m sign(w).
  const int halves = nn::parse_convention(r.convention) == nn::Convention::lambda_over_2m ? 2 : 1;
  const bool over_m = nn::parse_convention(r.convention) != nn::Convention::lambda;
  const double value = lambda * power / halves / (over_m ? examples : 1.0);
  const bool twice = power > halves, half = power < halves;
  const std::string symbol =
      fmt::format("{}lambda{}", twice ? "2 " : "", over_m ? half ? "/2m" : "/m" : "");
  const std::string number = fmt::format("{}{}{}", twice ? "2*" : "", lambda,
                                         over_m ? fmt::format("/{}", half ? 2 * m : m) : "");
  return {value, symbol + " = " + number};
}

/// What is known of J from the command line and the file.
Hints hints_of(const Request& r, const nn::RecordedCost& recorded,
               std::span<const CheckedLeaf> leaves, std::size_t examples, bool stored) {
  Hints hints;
  hints.examples = r.examples > 0 ? r.examples : examples;
  const Coefficient l1 = coefficient_of(r, r.l1, 1, examples);
  const Coefficient l2 = coefficient_of(r, r.l2, 2, examples);
  hints.l1 = l1.value;
  hints.l1_words = l1.words;
  hints.l2 = l2.value;
  hints.l2_words = l2.words;
  // Penalties are known by their coefficients. Without one the data term is the whole of J.
  if (!stored || recorded.parts.size() < 2) return hints;
  const ParameterVector data = gradient_of(recorded.parts[0].value, leaves, parameters_of(leaves));
  hints.suspects.push_back(
      {"the gradient of the data term", {data.values().begin(), data.values().end()}});
  return hints;
}

int show_probe(const Request& request, Var cost, std::span<const CheckedLeaf> leaves,
               const NetworkOptions& options) {
  request.outputs.require_probe();
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
  const JunitStyle junit = request.junit_style();
  const nn::NpzFile file(request.file, is_needed);
  if (file.arrays().empty()) static_cast<void>(file.at("X"));  // lists what there is
  nn::DenseOptions dense = network_options(request);
  dense.masks = stored_masks(request, file, dense.activations.size());
  const bool own_masks = !dense.masks.empty();
  const nn::DenseOptions as_asked = dense;
  const nn::DenseNetwork network(file.arrays(), std::move(dense));
  Tape tape;
  const nn::RecordedCost recorded = network.record(tape);
  const std::vector<CheckedLeaf> leaves = checked_leaves(recorded.parameters);
  const ParameterVector gradient = stored_gradient(request, file, leaves);
  refuse_foreign_masks(request, !gradient.empty(), own_masks);

  NetworkOptions options;
  static_cast<Options&>(options) = request.options();
  options.layers = request.layers;
  options.frozen_masks = request.frozen_masks;
  options.hints = hints_of(request, recorded, leaves,
                           static_cast<std::size_t>(network.example_count()), !gradient.empty());
  if (!gradient.empty()) options.gradient = &gradient;
  // Dozens of backward passes: nothing for a small network, and too much for a large one.
  constexpr std::size_t small = 20000;
  if (!gradient.empty() && gradient.size() <= small) {
    std::ranges::move(activation_slips(file, as_asked), std::back_inserter(options.hints.suspects));
  }
  if (!request.entry.empty()) return show_probe(request, recorded.cost, leaves, options);

  const ParameterVector theta = parameters_of(leaves);
  const Interruptible interruptible;
  ProgressBar bar(is_watched(request.watching(), request.outputs.table()), "entries");
  options.progress = watch_with(bar);
  options.replay = [&](const Component& c) {
    return same_request(invocation, words, {"layer", "blocks"}) + probe_words(theta, c);
  };
  const Result result = check_network(recorded.cost, leaves, options);
  bar.clear();
  return deliver(CheckedCost{result, "Gradient check of " + request.file, junit}, request.outputs,
                 request.threshold);
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
