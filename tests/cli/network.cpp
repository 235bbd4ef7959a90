// `gradcheck network`: what it says of right and wrong gradients, in words, JSON and HTML.
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/elementwise/stop_gradient.hpp"
#include "autodiff/tape.hpp"
#include "nn/dense_network.hpp"
#include "program.hpp"
#include "tests/data/seed_network_expected.hpp"

namespace dtheta::cli_test {
namespace {

namespace data = boost::unit_test::data;
using Json = nlohmann::json;

const auto methods = data::make({"adaptive", "textbook"});

/// The reference network and the arrays `more`, in a file.
std::string stored(const Folder& folder, const std::vector<nn::NamedTensor>& more) {
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  arrays.insert(arrays.end(), more.begin(), more.end());
  const std::string file = folder / "network.npz";
  nn::write_npz(file, arrays);
  return file;
}

Json json_of(const Run& r) {
  Json json;
  BOOST_REQUIRE_NO_THROW(json = Json::parse(r.out));
  return json;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(network_command)

BOOST_DATA_TEST_CASE(the_reference_network_passes, methods, method) {
  const Run r = run(seed_request({"--method", method}));
  BOOST_TEST(r.status == 0);
  BOOST_TEST(r.err == "");
  // The last digit of J belongs to the order in which it was summed.
  BOOST_TEST(has(r.out, {"pass", "excellent", "1.37822464748024", "W1", "b1", "W2", "b2", "W3",
                         "b3", "analytic", "numeric"}));
  BOOST_TEST(r.out.find('\x1b') == std::string::npos);  // colour is for terminals
}

BOOST_AUTO_TEST_CASE(statement_7_the_textbook_sentence_is_printed) {
  const Run good = run(seed_request({"--method", "textbook"}));
  BOOST_TEST(has(good.out, {"Good, the difference is "}));
  const Folder folder;
  std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
  find(gradient, "dW2").data<double>()[7] *= 2;
  const Run bad = run(seed_request({"--method", "textbook"}, stored(folder, gradient)));
  BOOST_TEST(has(bad.out, {"There is a mistake, the difference is "}));
  // Halfway between the two thresholds that courses use: 61 entries, one of which is off such that
  // |g - g'| / (|g| + |g'|) = 1.5e-7.
  double norm = 0;
  for (const double g : test::seed_gradient) norm += g * g;
  gradient = seed_gradient_arrays();
  find(gradient, "dW3").data<double>()[0] += 1.5e-7 * 2 * std::sqrt(norm);
  const std::string file = stored(folder, gradient);
  BOOST_TEST(has(run(seed_request({"--method", "textbook"}, file)).out, {"There is a mistake"}));
  BOOST_TEST(has(run(seed_request({"--method", "textbook", "--threshold", "2e-7"}, file)).out,
                 {"Good, the difference is 1.5"}));
}

BOOST_DATA_TEST_CASE(json_alone_goes_to_standard_output_in_the_fixed_form, methods, method) {
  const Run r = run(seed_request({"--method", method, "--json", "-"}));
  BOOST_TEST(r.status == 0);
  const Json json = json_of(r);
  BOOST_TEST(json.at("difference").get<double>() <= 1e-7);
  BOOST_TEST(json.at("verdict") == (std::string(method) == "textbook" ? "excellent" : "pass"));
  BOOST_TEST(std::abs(json.at("cost").get<double>() - test::seed_cost) <= 1e-14);
  BOOST_TEST(json.at("cause").is_null());  // nothing failed
  std::string names;
  std::size_t offset = 0;
  for (const Json& block : json.at("blocks")) {
    names += block.at("name").get<std::string>() + " ";
    BOOST_TEST(block.at("difference").is_number());
    BOOST_TEST(block.at("verdict").is_string());
    const Json& worst = block.at("worst");
    const auto index = worst.at("index").get<std::vector<std::size_t>>();
    const auto shape = block.at("shape").get<std::vector<std::size_t>>();
    BOOST_REQUIRE(index.size() == 2u);
    BOOST_TEST(index[0] < shape[0]);
    BOOST_TEST(index[1] < shape[1]);
    const double analytic = worst.at("analytic").get<double>();
    BOOST_TEST(std::abs(analytic - test::seed_gradient[offset + index[0] * shape[1] + index[1]]) <=
               1e-14);
    // Textbook: rounding noise of J over epsilon; the largest entry is of order one.
    BOOST_TEST(std::abs(analytic - worst.at("numeric").get<double>()) <= 1e-8);
    BOOST_TEST(worst.at("bar").get<double>() > 0);
    offset += shape[0] * shape[1];
  }
  BOOST_TEST(names == "W1 b1 W2 b2 W3 b3 ");
}

BOOST_DATA_TEST_CASE(a_stored_gradient_is_checked_in_place_of_the_tapes, methods, method) {
  const Folder folder;
  const std::string right = stored(folder, seed_gradient_arrays());
  BOOST_TEST(run(seed_request({"--method", method}, right)).status == 0);

  for (const std::string name : {"W1", "b1", "W2", "b2", "W3", "b3"}) {
    std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
    double& entry = find(gradient, "d" + name).data<double>()[0];
    entry = entry == 0 ? 0.1 : -entry;
    const std::string wrong = stored(folder, gradient);
    const Run r = run(seed_request({"--method", method, "--json", "-"}, wrong));
    BOOST_TEST(r.status == 1, name);
    for (const Json report = json_of(r); const Json& block : report.at("blocks")) {
      const std::string verdict = block.at("verdict");
      const bool accused = verdict == "fail" || verdict == "error" || verdict == "critical";
      BOOST_TEST(accused == (block.at("name") == name), name << ": " << block);
      if (accused) BOOST_TEST(block.at("worst").at("index") == Json({0, 0}));
    }
    // The tape's own is still right, and layers that are not looked at are not accused.
    BOOST_TEST(run(seed_request({"--method", method, "--gradient", "tape"}, wrong)).status == 0);
    const std::string other = name[1] == '1' ? "2" : "1";
    BOOST_TEST(run(seed_request({"--method", method, "--layer", other}, wrong)).status == 0);
  }
}

BOOST_DATA_TEST_CASE(a_gradient_that_is_not_a_number_fails,
                     methods* data::make({std::nan(""), HUGE_VAL}), method, value) {
  const Folder folder;
  std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
  find(gradient, "db2").data<double>()[1] = value;
  const Run r = run(seed_request({"--method", method, "--json", "-"}, stored(folder, gradient)));
  BOOST_TEST(r.status == 1);
  BOOST_TEST(json_of(r).at("difference").is_null());  // JSON has no NaN
}

BOOST_AUTO_TEST_CASE(half_of_a_stored_gradient_is_not_passed_over) {
  const Folder folder;
  std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
  gradient.erase(gradient.begin());  // dW1
  const Run r = run(seed_request({}, stored(folder, gradient)));
  BOOST_TEST(r.status == 2);
  BOOST_TEST(has(r.err, {"dW1"}));
}

BOOST_AUTO_TEST_CASE(inconclusive_has_a_status_of_its_own) {
  // Between "excellent" and "error" the textbook says: look again.
  const Folder folder;
  std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
  for (nn::NamedTensor& g : gradient) {
    for (double& v : g.value.data<double>()) v *= 1 + 2e-6;  // a difference of 1e-6
  }
  const std::string file = stored(folder, gradient);
  const Run textbook = run(seed_request({"--method", "textbook", "--json", "-"}, file));
  BOOST_TEST(textbook.status == 3);
  BOOST_TEST(json_of(textbook).at("verdict") == "double-check");
  BOOST_TEST(run(seed_request({}, file)).status == 1);  // the adaptive method knows

  // A network whose units are all dead: every gradient is zero and every bug is hidden.
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  for (double& w : find(arrays, "W3").data<double>()) w = 0;
  find(arrays, "b3").data<double>()[0] = -1;
  nn::write_npz(folder / "dead.npz", arrays);
  const Run dead =
      run({"network", folder / "dead.npz", "--activations", "relu,relu,relu", "--loss", "mse"});
  BOOST_TEST(dead.status == 3);
  BOOST_TEST(has(dead.out, {"inconclusive", "nothing was exercised"}));
}

BOOST_DATA_TEST_CASE(regularisation_is_part_of_the_cost,
                     data::make({"--l1", "--l2"}) * data::make({"lambda/2m", "lambda/m", "lambda"}),
                     penalty, convention) {
  const Words terms{penalty, "0.3", "--convention", convention};
  const Run r = run(seed_request(terms + Words{"--json", "-"}));
  BOOST_TEST(r.status == 0);
  double sum = 0;
  for (const nn::NamedTensor& a : seed_arrays()) {
    if (a.name[0] != 'W') continue;
    for (const double w : a.value.data<double>()) {
      sum += penalty == std::string("--l1") ? std::abs(w) : w * w;
    }
  }
  const std::string how = convention;
  const double scale = how == "lambda/2m" ? 0.3 / 8 : how == "lambda/m" ? 0.3 / 4 : 0.3;
  // A sum of 51 terms of one sign, of some 40 in all, beside a cost of 1.4.
  BOOST_TEST(std::abs(json_of(r).at("cost").get<double>() - (test::seed_cost + scale * sum)) <=
             51 * 0x1p-53 * (2 + scale * sum));
  // The gradient without the term is wrong in the weights and right in the biases.
  const Folder folder;
  const std::string file = stored(folder, seed_gradient_arrays());
  const Run forgotten = run(seed_request(terms + Words{"--json", "-"}, file));
  BOOST_TEST(forgotten.status == 1);
  BOOST_TEST(json_of(forgotten).at("cause").at("sentence").get<std::string>() != "");
  for (const Json report = json_of(forgotten); const Json& block : report.at("blocks")) {
    const bool weight = block.at("name").get<std::string>()[0] == 'W';
    BOOST_TEST((block.at("verdict") == "fail") == weight);
  }
}

BOOST_AUTO_TEST_CASE(statement_12_live_dropout_is_refused_frozen_masks_are_not) {
  const Run live = run(seed_request({"--keep-prob", "0.7"}));
  BOOST_TEST(live.status == 2);
  BOOST_TEST(live.out == "");
  BOOST_TEST(has(live.err, {"dropout", "keep_prob = 1", "frozen masks"}));
  BOOST_TEST(run(seed_request({"--keep-prob", "1"})).status == 0);
  const auto cost = [](const std::string& seed) {
    const Run r =
        run(seed_request({"--keep-prob", "0.7", "--frozen-masks", "--seed", seed, "--json", "-"}));
    BOOST_TEST(r.status == 0);
    return json_of(r).at("cost").get<double>();
  };
  const double first = cost("1");
  BOOST_TEST(cost("1") == first);
  BOOST_TEST((cost("2") != first || cost("3") != first));
}

BOOST_AUTO_TEST_CASE(layers_are_chosen_and_threads_change_nothing) {
  const Json whole = json_of(run(seed_request({"--json", "-"})));
  const Json shared = json_of(run(seed_request({"--json", "-", "--threads", "2"})));
  BOOST_TEST(whole == shared);
  const Json two = json_of(run(seed_request({"--json", "-", "--layer", "1", "--layer", "3"})));
  std::string names;
  for (const Json& block : two.at("blocks")) names += block.at("name").get<std::string>();
  BOOST_TEST(names == "W1b1W3b3");
}

BOOST_AUTO_TEST_CASE(epsilon_is_obeyed) {
  // Truncation goes with the square of the step: ten times the step, a hundred times the
  // difference, up to the next term of the series. (A smooth network: corners would not follow this
  // rule.)
  const auto difference = [](const std::string& epsilon) {
    const Run r = run({"network", seed_file(), "--activations", "tanh,tanh,sigmoid", "--method",
                       "textbook", "--epsilon", epsilon, "--json", "-"});
    return json_of(r).at("difference").get<double>();
  };
  const double ratio = difference("1e-2") / difference("1e-3");
  BOOST_TEST(ratio > 90);
  BOOST_TEST(ratio < 110);
}

// J with masks is known only to who has the masks.
BOOST_AUTO_TEST_CASE(a_gradient_with_dropout_is_held_against_its_own_masks) {
  const Folder folder;
  const auto mask = [](Index units) {
    Tensor m(Shape{units, 4});
    for (std::size_t i = 0; i < m.data<double>().size(); ++i) {
      m.data<double>()[i] = i % 3 == 1 ? 0 : 1;
    }
    return m;
  };
  // Its gradient by the library, from the very masks.
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  arrays.push_back({"D1", mask(6)});
  arrays.push_back({"D2", mask(3)});
  const std::string masks = folder / "masks.npz", without = folder / "without.npz";
  nn::DenseOptions options{
      .activations = {nn::Activation::relu, nn::Activation::relu, nn::Activation::sigmoid}};
  options.keep_prob = 0.7;
  options.masks = {mask(6), mask(3)};
  Tape tape;
  const nn::RecordedCost recorded = nn::DenseNetwork(seed_arrays(), options).record(tape);
  const std::vector<Var> gradient = grad(recorded.cost, nn::leaves_of(recorded.parameters));
  std::vector<nn::NamedTensor> stored = seed_arrays();
  for (std::size_t k = 0; k < gradient.size(); ++k) {
    arrays.push_back({"d" + recorded.parameters[k].name, gradient[k].value()});
    stored.push_back(arrays.back());
  }
  nn::write_npz(masks, arrays);
  nn::write_npz(without, stored);
  const Words dropout{"--keep-prob", "0.7"};
  BOOST_TEST(run(seed_request(dropout, masks)).status == 0);
  // Other masks make another J: such a gradient is refused, with the reason and the ways on.
  for (const Words& more : {Words{}, Words{"--frozen-masks"}}) {
    const Run r = run(seed_request(dropout + more, without));
    BOOST_TEST(r.status == 2);
    BOOST_TEST(has(r.err, {"masks", "D1, D2", "--keep-prob 1", "--gradient tape"}));
  }
  BOOST_TEST(
      run(seed_request(dropout + Words{"--frozen-masks", "--gradient", "tape"}, without)).status ==
      0);
  // A wrong one is still found.
  find(arrays, "dW2").data<double>()[0] += 0.1;
  nn::write_npz(masks, arrays);
  BOOST_TEST(run(seed_request(dropout, masks)).status == 1);
  // Half of the masks are none, and other values than 0 and 1 are no masks.
  find(arrays, "D1").data<double>()[0] = 1 / 0.7;
  nn::write_npz(masks, arrays);
  BOOST_TEST(has(run(seed_request(dropout, masks)).err, {"mask of layer 1", "1 keeps"}));
  std::erase_if(arrays, [](const nn::NamedTensor& a) { return a.name == "D2"; });
  nn::write_npz(masks, arrays);
  BOOST_TEST(has(run(seed_request(dropout, masks)).err, {"D2"}));
}

// In the words of whoever wrote the command line.
BOOST_AUTO_TEST_CASE(causes_know_lambda_and_the_number_of_examples) {
  const Folder folder;
  const auto sentence = [&](const Words& words, const std::string& file) {
    return json_of(run(seed_request(words + Words{"--json", "-"}, file)))
        .at("cause")
        .at("sentence")
        .get<std::string>();
  };
  const std::string plain = stored(folder, seed_gradient_arrays());  // without the penalty
  BOOST_TEST(has(sentence({"--l2", "0.7"}, plain), {"L2 term with lambda/m = 0.7/4 is missing"}));
  BOOST_TEST(has(sentence({"--l1", "0.7"}, plain), {"L1 term with lambda/2m = 0.7/8 is missing"}));
  BOOST_TEST(has(sentence({"--l2", "0.7", "--convention", "lambda/m"}, plain),
                 {"2 lambda/m = 2*0.7/4 is missing"}));
  // The division by m = 4 made twice, in the data term alone.
  const auto penalised = [&](double data, double penalty) {
    std::vector<nn::NamedTensor> gradient = seed_gradient_arrays();
    std::vector<nn::NamedTensor> theta = seed_arrays();
    for (nn::NamedTensor& g : gradient) {
      const auto w = find(theta, g.name.substr(1)).data<double>();
      const auto v = g.value.data<double>();
      const bool weight = g.name[1] == 'W';
      for (std::size_t i = 0; i < v.size(); ++i) v[i] = data * v[i] + (weight ? penalty * w[i] : 0);
    }
    return stored(folder, gradient);
  };
  BOOST_TEST(run(seed_request({"--l2", "0.7"}, penalised(1, 0.7 / 4))).status == 0);
  BOOST_TEST(has(sentence({"--l2", "0.7"}, penalised(0.25, 0.7 / 4)),
                 {"the data term enters 1/m (m = 4) times"}));
  BOOST_TEST(has(sentence({}, penalised(0.25, 0)), {"1/m (m = 4)"}));
}

// dZ1 = dA1 (1 - Z1^2), by hand: z where tanh z is due, in the first of three layers.
BOOST_AUTO_TEST_CASE(a_slip_in_a_hidden_layer_is_named) {
  const Folder folder;
  std::vector<nn::NamedTensor> arrays = seed_arrays();
  const auto gradient_of = [&](bool slip) {
    nn::DenseOptions options{
        .activations = {nn::Activation::tanh, nn::Activation::tanh, nn::Activation::sigmoid}};
    if (slip) {
      // z - z^3/3 has the slope 1 - z^2; the value stays that of tanh.
      options.activate = [own = options.activations](Var z, std::size_t layer) {
        const Var y = nn::activate(own[layer - 1], z, 0);
        if (layer != 1) return y;
        const Var other = z - z * z * z / 3.0;
        return stop_gradient(y - other) + other;
      };
    }
    Tape tape;
    const nn::RecordedCost r = nn::DenseNetwork(arrays, options).record(tape);
    std::vector<nn::NamedTensor> all = arrays;
    const std::vector<Var> g = grad(r.cost, nn::leaves_of(r.parameters));
    for (std::size_t k = 0; k < g.size(); ++k)
      all.push_back({"d" + r.parameters[k].name, g[k].value()});
    nn::write_npz(folder / "n.npz", all);
    return folder / "n.npz";
  };
  const Words request{"--activations", "tanh,tanh,sigmoid", "--json", "-"};
  BOOST_TEST(run(Words{"network", gradient_of(false)} + request).status == 0);
  const Json json = json_of(run(Words{"network", gradient_of(true)} + request));
  BOOST_TEST(has(json.at("cause").at("sentence").get<std::string>(),
                 {"W1, b1: ", "z in place of tanh z", "in layer 1"}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::cli_test
