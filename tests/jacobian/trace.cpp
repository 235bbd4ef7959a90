// Backpropagation by hand through two layers with a skip, and the bugs that people plant in it.

#include "gradcheck/trace.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "gradcheck/errors.hpp"

namespace dtheta::gradcheck::test {
namespace {

using Values = std::vector<double>;
namespace bdata = boost::unit_test::data;

constexpr std::size_t n = 3;

Values affine(std::span<const double> w, std::span<const double> a, std::span<const double> b) {
  Values z(n);
  for (std::size_t i = 0; i < n; ++i) {
    z[i] = b[i];
    for (std::size_t j = 0; j < n; ++j) z[i] += w[i * n + j] * a[j];
  }
  return z;
}

struct Bug {
  const char* name;
  const char* stage;  // that is to be found
  friend std::ostream& operator<<(std::ostream& out, const Bug& b) { return out << b.name; }
};

/// Z1 = W1 A0 + b1, A1 = tanh(Z1), Z2 = W2 A1 + b2, S = Z2 + A1, J = |S - y|^2 / 2.
struct ByHand {
  std::string bug;
  Values a0{0.3, -0.7, 0.5}, y{0.1, 0.2, -0.4};
  Values w1{0.4, -0.2, 0.7, 0.1, 0.9, -0.3, -0.6, 0.2, 0.5}, b1{0.1, -0.2, 0.05};
  Values w2{-0.3, 0.8, 0.2, 0.6, -0.1, 0.4, 0.3, -0.5, 0.7}, b2{0.0, 0.3, -0.1};

  [[nodiscard]] bool is(const char* name) const { return bug == name; }

  [[nodiscard]] std::vector<TraceStage> trace() const {
    const Values z1 = affine(w1, a0, b1);
    Values a1(n), s(n);
    for (std::size_t i = 0; i < n; ++i) a1[i] = std::tanh(z1[i]);
    const Values z2 = affine(w2, a1, b2);
    for (std::size_t i = 0; i < n; ++i) s[i] = z2[i] + a1[i];

    Values ds(n);
    for (std::size_t i = 0; i < n; ++i) ds[i] = (s[i] - y[i]) * (is("factor of the loss") ? 2 : 1);
    const Values dz2 = ds, skipped = ds;
    Values dw2(n * n), db2 = dz2, da1_through(n);
    back(w2, a1, dz2, dw2, da1_through, is("transposed weights"));
    if (is("bias of the second layer")) db2[1] = -db2[1];
    Values da1(n), dz1(n);
    for (std::size_t i = 0; i < n; ++i) {
      da1[i] = da1_through[i] + (is("skip forgotten") ? 0 : skipped[i]);
      const double slope = is("slope of tanh at z") ? 1 - z1[i] * z1[i] : 1 - a1[i] * a1[i];
      dz1[i] = da1[i] * slope;
    }
    Values dw1(n * n), db1 = dz1, da0(n);
    back(w1, is("wrong input of the first layer") ? a1 : a0, dz1, dw1, da0, false);

    const auto vector = [](std::initializer_list<std::pair<const char*, Values>> arrays) {
      ParameterVector all;
      for (const auto& [name, values] : arrays) all.add(name, 1, {values.size()}, values);
      return all;
    };
    return {
        {"layer 1", VectorFunction(layer), vector({{"W1", w1}, {"A0", a0}, {"b1", b1}}), "Z1", dz1,
         vector({{"W1", dw1}, {"b1", db1}})},
        {"tanh", VectorFunction([](std::span<const double> z) {
           Values a(z.begin(), z.end());
           for (double& v : a) v = std::tanh(v);
           return a;
         }),
         vector({{"Z1", z1}}), "A1", da1, vector({{"Z1", dz1}})},
        {"layer 2", VectorFunction(layer), vector({{"W2", w2}, {"A1", a1}, {"b2", b2}}), "Z2", dz2,
         vector({{"W2", dw2}, {"A1", da1_through}, {"b2", db2}})},
        {"skip", VectorFunction([](std::span<const double> in) {
           Values sum(n);
           for (std::size_t i = 0; i < n; ++i) sum[i] = in[i] + in[n + i];
           return sum;
         }),
         vector({{"Z2", z2}, {"A1", a1}}), "S", ds, vector({{"Z2", dz2}, {"A1", skipped}})},
        {"loss",
         VectorFunction([target = y](std::span<const double> in) {
           double j = 0;
           for (std::size_t i = 0; i < n; ++i) j += (in[i] - target[i]) * (in[i] - target[i]) / 2;
           return Values{j};
         }),
         vector({{"S", s}}),
         "J",
         {1},
         vector({{"S", ds}})},
    };
  }

  static Values layer(std::span<const double> in) {
    return affine(in.first(n * n), in.subspan(n * n, n), in.subspan(n * n + n, n));
  }
  static void back(const Values& w, const Values& a, const Values& dz, Values& dw, Values& da,
                   bool transposed) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        dw[i * n + j] = dz[i] * a[j];
        da[j] += (transposed ? w[j * n + i] : w[i * n + j]) * dz[i];
      }
    }
  }
};

const std::vector<Bug> bugs{
    {"factor of the loss", "loss"},    {"bias of the second layer", "layer 2"},
    {"transposed weights", "layer 2"}, {"skip forgotten", "tanh"},
    {"slope of tanh at z", "tanh"},    {"wrong input of the first layer", "layer 1"}};

}  // namespace

BOOST_AUTO_TEST_SUITE(trace)

BOOST_AUTO_TEST_CASE(a_right_trace_passes) {
  const TraceResult result = check_trace(ByHand{}.trace());
  BOOST_TEST(static_cast<bool>(result), report(result));
  BOOST_TEST(!result.first_wrong.has_value());
  BOOST_TEST(report(result).starts_with("backpropagation by hand, stage by stage: pass\n  loss "));
}

BOOST_DATA_TEST_CASE(the_first_wrong_stage_is_found, bdata::make(bugs), bug) {
  const TraceResult result = check_trace(ByHand{bug.name}.trace());
  BOOST_TEST((result.verdict == Verdict::fail));
  BOOST_REQUIRE(result.first_wrong.has_value());
  BOOST_TEST(result.stages[*result.first_wrong].name == bug.stage, report(result));
  // Nobody else is accused: what came to the others was wrong, but not what they made of it.
  for (const StageResult& stage : result.stages) {
    BOOST_TEST(stage.is_wrong() == (stage.name == bug.stage), report(result));
  }
}

BOOST_AUTO_TEST_CASE(what_was_not_handed_on_is_said) {
  const TraceResult result = check_trace(ByHand{"skip forgotten"}.trace());
  const std::string text = report(result);
  BOOST_TEST(text.find("the first wrong stage on the way back is tanh; what was computed from it "
                       "cannot be right either") != std::string::npos,
             text);
  BOOST_TEST(
      text.find("the derivative by A1 is not what the stages behind made of it: entry 0 is ") !=
          std::string::npos,
      text);
}

BOOST_AUTO_TEST_CASE(what_does_not_fit_is_told) {
  const auto refused = [](auto change) {
    std::vector<TraceStage> stages = ByHand{}.trace();
    change(stages);
    try {
      static_cast<void>(check_trace(stages));
    } catch (const std::exception& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  BOOST_TEST(refused([](auto& s) { s[1].out = "Z1"; }) == "trace: two stages compute Z1");
  BOOST_TEST(refused([](auto& s) { s.clear(); }) == "trace: it has no stages");
  BOOST_TEST(refused([](auto& s) { s[1].d_out.pop_back(); }) != "nothing");
  BOOST_TEST(refused([](auto& s) {
               s[1].d_in = ParameterVector();
               s[1].d_in.add("Q", 1, {1}, Values{1});
             }).find("Q") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
