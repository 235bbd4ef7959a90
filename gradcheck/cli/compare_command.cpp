#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <cstdio>
#include <stdexcept>

#include "gradcheck/cli/commands.hpp"
#include "gradcheck/cli/deliver.hpp"
#include "gradcheck/cli/npz_blocks.hpp"
#include "gradcheck/compare.hpp"
#include "gradcheck/numeric/finite_difference.hpp"

namespace dtheta::gradcheck::cli {
namespace {

namespace po = boost::program_options;

constexpr std::string_view description =
    "Compares two gradients, array by array: the one in question, A, against B, which is taken to "
    "be right. Both files must hold arrays of the same names and shapes. A block fails if |a - b| "
    "/ (|a| + |b|), with Euclidean norms, exceeds the tolerance, or if there is a NaN or an "
    "infinity in it. Of a block that fails, the worst entries are listed and the likely cause is "
    "named: a factor, a sign, a transpose, another order, single rows or columns, ...\n\n"
    "Nothing is evaluated: whether B is right, 'gradcheck function' or 'gradcheck network' can "
    "tell.";

struct Request : CommonRequest {
  std::string gradient;
  std::string reference;
  std::string theta;
  std::string blocks;
  double tolerance = 0.0;
  std::size_t examples = 0;
  PenaltyRequest penalties;
};

po::options_description options_of(Request& r) {
  po::options_description options;
  auto add = options.add_options();
  add("tolerance", po::value(&r.tolerance)->value_name("T"),
      "Up to which relative difference a block passes (default: 1e-7; 1e-5 if an array is float32, "
      "which has seven digits; 2e-3 for float16 and 8e-3 for bfloat16).");
  add("blocks", po::value(&r.blocks)->value_name("LIST"),
      "Compare only these arrays, their names separated by commas; others may be in one file "
      "alone.");
  add("theta", po::value(&r.theta)->value_name("FILE.npz"),
      "The parameters, under the same names or without the d of dW1: then a missing penalty can "
      "be named as the cause.");
  add("examples", po::value(&r.examples)->value_name("M"),
      "Number of examples: then the factors M and 1/M are named as such.");
  add_penalty_options(options, r.penalties);
  add_common_options(options, r);
  return options;
}

po::options_description options() {
  Request request;
  return options_of(request);
}

void parse(const Words& words, const po::options_description& visible, Request& r) {
  std::vector<std::string> files;
  po::options_description all;
  all.add(visible).add_options()("file", po::value(&files));
  po::positional_options_description positional;
  positional.add("file", 2);
  po::variables_map values;
  po::store(parsed(words, all, positional), values);
  po::notify(values);
  if (r.help) return;
  if (files.size() != 2) {
    throw std::invalid_argument(
        fmt::format("compare: two files are compared, {} given", files.size()));
  }
  if (values.count("tolerance") > 0) require_positive("tolerance", r.tolerance);
  r.gradient = files[0];
  r.reference = files[1];
}

std::vector<std::string> names_of(const nn::NpzFile& file) {
  std::vector<std::string> names;
  for (const nn::NamedTensor& array : file.arrays()) names.push_back(array.name);
  return names;
}

/// Every name must be in both files.
void require_same_names(const nn::NpzFile& a, const nn::NpzFile& b) {
  for (const auto& [has, lacks] : {std::pair(&a, &b), std::pair(&b, &a)}) {
    std::vector<std::string> missing;
    for (const std::string& name : names_of(*has)) {
      if (!lacks->contains(name)) missing.push_back(name);
    }
    if (missing.empty()) continue;
    throw std::invalid_argument(
        fmt::format("compare: {} has {}, which {} has not; --blocks compares some of the arrays",
                    has->name(), fmt::join(missing, ", "), lacks->name()));
  }
}

/// The arrays of `file` with these names, as blocks.
ParameterVector blocks_of(const nn::NpzFile& file, const std::vector<std::string>& names) {
  ParameterVector blocks;
  for (const std::string& name : names) {
    const Tensor value = in_double(file, name);
    const Shape& shape = value.shape();
    blocks.add(name, 0, {shape.begin(), shape.end()}, value.data<double>());
  }
  return blocks;
}

/// What the numbers in the files allow.
double tolerance_of(const Request& request, const nn::NpzFile& a, const nn::NpzFile& b,
                    const std::vector<std::string>& names) {
  if (request.tolerance > 0.0) return request.tolerance;
  double roundoff = 0.0;
  for (const std::string& name : names) {
    roundoff = std::max({roundoff, a.roundoff(name), b.roundoff(name)});
  }
  if (roundoff <= 0x1p-53) return 1e-7;
  // Halves have no digits to spare: four roundings, by which two gradients in half may differ.
  return roundoff <= 0x1p-24 ? 1e-5 : 4.0 * roundoff;
}

/// The entries of both files that are no arrays of numbers.
void name_unread(const nn::NpzFile& file, Result& result) {
  for (const nn::UnreadEntry& entry : file.unread()) {
    if (entry.reason.empty()) continue;  // it was not asked for
    result.notes.push_back(
        fmt::format("{}: {} was not compared: {}", file.name(), entry.name, entry.reason));
  }
}

/// θ in the order of the gradient's blocks, found under their names or without the leading d.
std::vector<double> theta_of(const nn::NpzFile& file, const ParameterVector& gradient) {
  ParameterVector layout;
  for (const Block& block : gradient.blocks()) {
    const bool derived = !file.contains(block.name) && block.name.starts_with('d');
    layout.add(derived ? block.name.substr(1) : block.name, block.layer, block.shape,
               gradient.values(block.name));
  }
  const auto values = blocks_from(file, layout, {""});
  return {values.values().begin(), values.values().end()};
}

int run(const Invocation& invocation) {
  Request request;
  const po::options_description options_known = options_of(request);
  parse(invocation.words, options_known, request);
  if (request.help) {
    fmt::print("{}", manual(compare_command.page, options_known));
    return passed;
  }
  const std::vector<std::string> chosen = split(request.blocks);
  const auto wanted = [&](std::string_view name) {
    return chosen.empty() || std::ranges::find(chosen, name) != chosen.end();
  };
  const JunitStyle junit = request.junit_style();
  const nn::NpzFile a(request.gradient, wanted);
  const nn::NpzFile b(request.reference, wanted);
  if (chosen.empty()) require_same_names(a, b);
  const std::vector<std::string> names = chosen.empty() ? names_of(a) : chosen;
  const ParameterVector gradient = blocks_of(a, names);
  const ParameterVector reference = blocks_from(b, gradient, {""});
  CompareOptions options;
  options.tolerance = tolerance_of(request, a, b, names);
  options.hints.examples = request.examples;
  request.penalties.tell(options.hints);
  std::vector<double> theta;
  if (!request.theta.empty()) {
    const auto needed = [&](std::string_view name) {
      return std::ranges::any_of(names, [&](const std::string& block) {
        return block == name || (block.starts_with('d') && block.substr(1) == name);
      });
    };
    theta = theta_of(nn::NpzFile(request.theta, needed), gradient);
  }
  options.theta = theta;
  Result result = compare(gradient, reference, options);
  if (chosen.empty()) {
    name_unread(a, result);
    name_unread(b, result);
  }
  return deliver(
      CheckedCost{result, fmt::format("{} against {}", request.gradient, request.reference), junit},
      request.outputs);
}

}  // namespace

const Command compare_command{
    {"compare",
     "two gradients against each other, without a cost",
     {"A.npz B.npz [OPTION]..."},
     description,
     {{"gradcheck compare mine.npz torch.npz", "Every array of both files."},
      {"gradcheck compare mine.npz torch.npz --blocks dW1,db1 --tolerance 1e-4 --html page.html",
       "Two of them, less strictly, with a page."}}},
    options,
    run};

}  // namespace dtheta::gradcheck::cli
