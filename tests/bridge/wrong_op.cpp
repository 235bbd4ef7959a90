// Ops with planted bugs in their rules, deep inside networks: the op, the operand and the line that
// recorded it are named, and no op of a right network is.
#include "gradcheck/bridge/wrong_op.hpp"

#include <algorithm>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <functional>
#include <ostream>

#include "autodiff/elementwise.hpp"
#include "autodiff/op.hpp"
#include "autodiff/ops/elementwise/activation.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/ops/shape/rearrange.hpp"
#include "autodiff/ops/shape/slice.hpp"
#include "autodiff/ops/spatial/convolution.hpp"
#include "autodiff/ops/spatial/pooling.hpp"
#include "networks.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;

/// d tanh(x) = (1 - tanh(x)^2) dx, here with a factor.
struct FactorTanh : Unary<FactorTanh> {
  static constexpr OpInfo info{.name = "factor_tanh"};
  static constexpr Domain domain{-1, 1};
  template <class T>
  static T value(T x) {
    using std::tanh;
    return tanh(x);
  }
  static Var slope(Var, Var y) { return 1.001 * (1 - square(y)); }
};

/// a b, whose rule is wrong for b alone.
struct HalfMul : Binary<HalfMul> {
  static constexpr OpInfo info{.name = "half_mul", .arity = 2};
  static constexpr std::array<Domain, 2> domains{Domain{-1, 1}, Domain{-1, 1}};
  template <class T>
  static T value(T a, T b) {
    return a * b;
  }
  static Var pullback(int i, const Primal& p, Var c) { return i == 0 ? c * p[1] : c * p[1]; }
};

/// a b, right for two values but not for one that is given twice.
struct OnceMul : Binary<OnceMul> {
  static constexpr OpInfo info{.name = "once_mul", .arity = 2};
  static constexpr std::array<Domain, 2> domains{Domain{-1, 1}, Domain{-1, 1}};
  template <class T>
  static T value(T a, T b) {
    return a * b;
  }
  static Var pullback(int i, const Primal& p, Var c) {
    if (p[0].is(p[1]) && i == 1) return {};  // "it was counted already"
    return c * p[1 - i];
  }
};

/// W x for a square W, whose rule for W is transposed.
struct TransposedProduct {
  static constexpr OpInfo info{.name = "transposed_product", .arity = 2, .analytic = true};
  [[nodiscard]] ValueType infer(Types in) const { return in[1]; }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index n = call.shape(0)[0], m = call.shape(1)[1];
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j < m; ++j) {
        T sum(0);
        for (Index k = 0; k < n; ++k) sum += call.input(0)[i * n + k] * call.input(1)[k * m + j];
        call.output()[i * m + j] = sum;
      }
    }
  }
  [[nodiscard]] static Var vjp(int i, const Primal& p, Var c) {
    return i == 0 ? matmul(p[1], transpose(c)) : matmul(transpose(p[0]), c);
  }
  friend bool operator==(TransposedProduct, TransposedProduct) { return true; }
  static std::vector<Sample<TransposedProduct>> samples() {
    return {{{}, {real({2, 2}), real({2, 3})}}};
  }
};

/// x + b for b (n, 1) beside x (n, m); the rule takes the first example for the sum of all.
struct FirstBias {
  static constexpr OpInfo info{.name = "first_bias", .arity = 2, .analytic = true};
  [[nodiscard]] ValueType infer(Types in) const { return in[0]; }
  template <class T>
  void forward(const Call<T>& call) const {
    const Index n = call.shape(0)[0], m = call.shape(0)[1];
    for (Index i = 0; i < n * m; ++i) {
      call.output()[i] = call.input(0)[i] + call.input(1)[i / m];
    }
  }
  [[nodiscard]] static Var vjp(int i, const Primal&, Var c) {
    return i == 0 ? c : slice(c, 1, {0, 1});
  }
  friend bool operator==(FirstBias, FirstBias) { return true; }
  static std::vector<Sample<FirstBias>> samples() { return {{{}, {real({2, 3}), real({2, 1})}}}; }
};

/// The same without any sum: the cotangent has the wrong shape.
struct UnsummedBias : FirstBias {
  static constexpr OpInfo info{.name = "unsummed_bias", .arity = 2, .analytic = true};
  [[nodiscard]] static Var vjp(int, const Primal&, Var c) { return c; }
  static std::vector<Sample<UnsummedBias>> samples() {
    return {{{}, {real({2, 3}), real({2, 1})}}};
  }
};

struct Leaves {
  Tape& tape;
  std::vector<CheckedLeaf> all{};
  std::uint32_t stream = 1;
  std::uint_least32_t line = 0;

  /// Passes x on and keeps the line it was asked on: that of the op under test.
  Var marked(Var x, SourceLocation at = SourceLocation::current()) {
    line = at.line();
    return x;
  }
  Var operator()(const std::string& name, const Shape& shape) {
    const Var x = tape.leaf(nn::normal(shape, 0, 0.5, {7, stream++}), name);
    all.push_back({name, stream, x});
    return x;
  }
  [[nodiscard]] std::vector<Var> vars() const {
    std::vector<Var> vars;
    for (const CheckedLeaf& l : all) vars.push_back(l.leaf);
    return vars;
  }
  [[nodiscard]] std::vector<WrongOp> wrong_ops(Var cost) const {
    return find_wrong_ops(cost, vars(), parameters_of(all).values());
  }
};

/// Inserts an op between two layers of width 4 with 6 examples in columns.
using Insert = std::function<Var(Leaves&, Var)>;

Var deep_mlp(Leaves& leaves, const Insert& insert) {
  Var a = leaves.tape.constant(nn::normal({4, 6}, 0, 1, {5, 0}));
  for (int l = 1; l <= 6; ++l) {
    const std::string n = std::to_string(l);
    const Var z = matmul(leaves("W" + n, {4, 4}), a) + leaves("b" + n, {4, 1});
    a = l == 3 ? insert(leaves, z) : l % 2 == 0 ? relu(z) : sigmoid(z);
  }
  return mean(square(a));
}

Var convolutional(Leaves& leaves, const Insert& insert) {
  const Var x = leaves.tape.constant(nn::normal({6, 1, 6, 6}, 0, 1, {5, 0}));
  const Var c = relu(conv2d(x, leaves("K", {2, 1, 3, 3})));
  const Var p = max_pool2d(c, 2);  // (6, 2, 2, 2)
  const Var z = matmul(leaves("W1", {4, 8}), transpose(reshape(p, {6, 8})));
  return mean(square(matmul(leaves("W2", {2, 4}), insert(leaves, z))));
}

Var recurrent(Leaves& leaves, const Insert& insert) {
  const Var u = leaves("U", {4, 4}), w = leaves("W", {4, 3});
  Var h = leaves.tape.constant(Tensor(Shape{4, 6}));
  for (std::uint32_t t = 0; t < 5; ++t) {
    const Var x = leaves.tape.constant(nn::normal({3, 6}, 0, 1, {5, t}));
    h = tanh(matmul(u, h) + matmul(w, x));
    if (t == 2) h = insert(leaves, h);
  }
  return mean(square(h));
}

struct Net {
  std::string name;
  std::function<Var(Leaves&, const Insert&)> record;
};
std::ostream& operator<<(std::ostream& out, const Net& n) { return out << n.name; }
const std::vector<Net> nets{
    {"deep mlp", deep_mlp}, {"convolutional", convolutional}, {"recurrent", recurrent}};

struct Bug {
  std::string op;
  std::vector<int> operands;  // for which the rule is wrong
  Insert insert;
};
std::ostream& operator<<(std::ostream& out, const Bug& b) { return out << b.op; }

Var factor_tanh(Leaves& l, Var z) { return apply<FactorTanh>(l.marked(z)); }
Var half_mul(Leaves& l, Var z) { return apply<HalfMul>(l("s", {4, 1}), l.marked(tanh(z))); }
Var once_mul(Leaves& l, Var z) { return apply<OnceMul>(l.marked(z), z); }
Var transposed(Leaves& l, Var z) { return apply<TransposedProduct>(l("T", {4, 4}), l.marked(z)); }
Var first_bias(Leaves& l, Var z) { return apply<FirstBias>(l.marked(z), l("b", {4, 1})); }

const std::vector<Bug> bugs{{"factor_tanh", {0}, factor_tanh},
                            {"half_mul", {1}, half_mul},
                            {"once_mul", {0, 1}, once_mul},
                            {"transposed_product", {0}, transposed},
                            {"first_bias", {1}, first_bias}};

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_op)

BOOST_DATA_TEST_CASE(the_wrong_op_and_its_line_are_named, data::make(nets) * data::make(bugs), net,
                     bug) {
  Tape tape;
  Leaves leaves{tape};
  const Var cost = net.record(leaves, bug.insert);
  const std::vector<WrongOp> found = leaves.wrong_ops(cost);
  BOOST_REQUIRE(found.size() == 1U);
  BOOST_TEST(found[0].op == bug.op);
  BOOST_TEST(found[0].operands == bug.operands, boost::test_tools::per_element());
  BOOST_TEST(found[0].where.line() == leaves.line);
  BOOST_TEST(tape.node(found[0].node).op->info.name == bug.op);

  const Result result = check_network(cost, leaves.all);
  BOOST_TEST((result.verdict == Verdict::fail));
  BOOST_REQUIRE(!result.causes.empty());
  BOOST_TEST((result.causes[0].pattern == Pattern::wrong_op));
  BOOST_TEST(result.causes[0].sentence == found[0].sentence());
  BOOST_TEST(result.causes[0].sentence.find("wrong_op.cpp:" + std::to_string(leaves.line)) !=
             std::string::npos);
}

BOOST_DATA_TEST_CASE(no_op_of_a_right_network_is_blamed, data::make(nets), net) {
  Tape tape;
  Leaves leaves{tape};
  const Var cost = net.record(leaves, [](Leaves& l, Var z) {
    return l("s", {4, 1}) * tanh(z) * (z * z) + l("b", {4, 1});
  });
  BOOST_TEST(leaves.wrong_ops(cost).empty());
  const std::uint32_t size = tape.size();
  BOOST_TEST(check_network(cost, leaves.all));
  BOOST_TEST(tape.size() == size);
}

/// Without any time only the op that looks worst in double is looked at, and that is the wrong one.
BOOST_DATA_TEST_CASE(where_time_is_short_the_wrong_op_is_looked_at_first,
                     data::make(nets) * data::make(bugs), net, bug) {
  Tape tape;
  Leaves leaves{tape};
  const Var cost = net.record(leaves, bug.insert);
  const ParameterVector theta = parameters_of(leaves.all);
  const std::string whole = leaves.wrong_ops(cost).at(0).sentence();
  for (const unsigned threads : {1U, 3U}) {
    const WrongOps hurried =
        find_wrong_ops(cost, leaves.vars(), theta.values(), {.threads = threads, .seconds = 0});
    BOOST_TEST(hurried.ops > 2U * threads);
    BOOST_TEST(hurried.in_double > 0U);
    BOOST_TEST(hurried.not_looked_at + hurried.in_double < hurried.ops);
    BOOST_REQUIRE(hurried.found.size() == 1U);
    BOOST_TEST(hurried.found[0].sentence() == whole);
    const WrongOps all = find_wrong_ops(cost, leaves.vars(), theta.values(), {.threads = threads});
    BOOST_TEST(all.not_looked_at == 0U);
    BOOST_REQUIRE(all.found.size() == 1U);
    BOOST_TEST(all.found[0].sentence() == whole);
  }
}

BOOST_AUTO_TEST_CASE(the_values_in_the_sentence_are_those_of_the_op_in_its_place) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{2}, {0.25, -0.5}), "x");
  const Var cost = sum(tape.constant(Tensor(Shape{2}, {3.0, -2.0})) * apply<FactorTanh>(x));
  const std::vector<WrongOp> found = find_wrong_ops(cost, std::span(&x, 1), Values{0.25, -0.5});
  BOOST_REQUIRE(found.size() == 1U);
  const auto j = static_cast<std::size_t>(found[0].at[0]);
  const double at = j == 0 ? 0.25 : -0.5, c = j == 0 ? 3.0 : -2.0;
  const double right = c * (1 - std::tanh(at) * std::tanh(at));
  // Both are rounded a few times; the difference is exact but for 1e-22.
  BOOST_TEST(std::abs(found[0].numeric - right) <= 8 * 0x1p-53 * std::abs(right));
  BOOST_TEST(std::abs(found[0].analytic - 1.001 * right) <= 16 * 0x1p-53 * std::abs(right));
}

BOOST_AUTO_TEST_CASE(each_op_is_blamed_once_and_its_other_records_are_counted) {
  Tape tape;
  Leaves leaves{tape};
  Var a = leaves("x", {3});
  for (int l = 0; l < 4; ++l) a = apply<FactorTanh>(a);
  const Result result = check_network(sum(a), leaves.all);
  const auto blamed = std::ranges::count(result.causes, Pattern::wrong_op, &Cause::pattern);
  BOOST_TEST(blamed == 1);
  BOOST_TEST(result.causes[0].sentence.find("3 more records") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_unusable_rule_is_named_in_the_error) {
  Tape tape;
  Leaves leaves{tape};
  const Var cost = deep_mlp(leaves, [](Leaves& l, Var z) {
    return apply<UnsummedBias>(z, l("b", {4, 1}));
  });
  const auto names_it = [](const UnusableRuleError& e) {
    const std::string what = e.what();
    return what.find("unsummed_bias") != std::string::npos &&
           what.find("wrong_op.cpp:") != std::string::npos &&
           what.find("(4, 6)") != std::string::npos && what.find("(4, 1)") != std::string::npos;
  };
  BOOST_CHECK_EXCEPTION(static_cast<void>(check_network(cost, leaves.all)), UnusableRuleError,
                        names_it);
}

BOOST_AUTO_TEST_CASE(a_wrong_gradient_of_ones_own_is_told_from_a_wrong_tape) {
  Tape tape;
  const nn::RecordedCost r = seed_network().record(tape);
  ParameterVector wrong = tape_gradient(r);
  wrong.values("W2")[3] *= 1.01;
  const auto says = [](const Result& result, const std::string& part) {
    return std::ranges::any_of(result.notes, [&](const std::string& note) {
      return note.find(part) != std::string::npos;
    });
  };
  BOOST_TEST(says(check_other(r, wrong), "the tape's own gradient agrees"));
  BOOST_TEST(!says(check_other(r, tape_gradient(r)), "the tape's own gradient"));

  Tape other;
  Leaves leaves{other};
  const Var cost = deep_mlp(leaves, [](Leaves&, Var z) { return apply<FactorTanh>(z); });
  const ParameterVector own = gradient_of(cost, leaves.all, parameters_of(leaves.all));
  NetworkOptions options;
  options.gradient = &own;  // both are wrong
  const Result both = check_network(cost, leaves.all, options);
  BOOST_TEST(!says(both, "the tape's own gradient agrees"));
  BOOST_TEST((both.causes[0].pattern == Pattern::wrong_op));
}

BOOST_AUTO_TEST_CASE(corners_are_no_wrong_rules) {
  Tape tape;
  const Var x = tape.leaf(Tensor(Shape{4}, {0.0, 0.0, 1.0, -1.0}), "x");
  const Var cost = sum(square(relu(x) + abs(x) + clamp(x, -1, 1))) + max(relu(x) * 0);
  BOOST_TEST(find_wrong_ops(cost, std::span(&x, 1), Values{0.0, 0.0, 1.0, -1.0}).empty());
}

BOOST_AUTO_TEST_SUITE_END()
}  // namespace dtheta::gradcheck::test
