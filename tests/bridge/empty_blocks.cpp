// Blocks of no entries: there is nothing to be said of them, and they hinder nothing.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "autodiff/grad.hpp"
#include "autodiff/ops/elementwise/arithmetic.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/reduction/reduction.hpp"
#include "autodiff/plan.hpp"
#include "autodiff/scalar/quad.hpp"
#include "autodiff/workspace.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "gradcheck/check.hpp"
#include "gradcheck/errors.hpp"
#include "gradcheck/report/report.hpp"
#include "gradcheck/report/report_html.hpp"
#include "gradcheck/report/report_junit.hpp"

namespace dtheta::gradcheck::test {
namespace {

namespace data = boost::unit_test::data;
const auto methods = data::make({0, 1});
Method method_of(int m) { return m == 0 ? Method::textbook : Method::adaptive; }

/// A layer with weights beside one of no inputs, W2, and two of no outputs, W3 and W4.
struct Recorded {
  Recorded() {
    const Var x = tape.constant(Tensor(Shape{2, 2}, {1., -2., 0.5, 3.}));
    const Var none = tape.constant(Tensor(Shape{2, 0}));
    const Var out = matmul(x, w1) + matmul(none, w2);
    cost = sum(square(out)) + sum(matmul(x, matmul(w1, w4))) + sum(w3);
  }

  Tape tape;
  Var w1 = tape.leaf(Tensor(Shape{2, 2}, {0.5, -1., 0.25, 2.}));
  Var w2 = tape.leaf(Tensor(Shape{0, 2}));
  Var w3 = tape.leaf(Tensor(Shape{3, 0}));
  Var w4 = tape.leaf(Tensor(Shape{2, 0}));
  Var cost;
  std::vector<CheckedLeaf> leaves{{"W1", 1, w1}, {"W2", 2, w2}, {"W3", 3, w3}, {"W4", 4, w4}};
};

/// Every form of a report names every block.
void require_reported(const Result& result) {
  for (const std::string& text :
       {report(result), report_html(result, "empty"), report_junit(result)}) {
    for (const BlockResult& b : result.blocks) {
      BOOST_TEST(text.find(b.name) != std::string::npos, b.name << " is not in " << text);
    }
  }
}

template <class T>
void replay(const Recorded& r, const std::vector<Var>& wanted, const PlanOptions& options) {
  for (const unsigned threads : {1U, 3U}) {
    Workspace<T> ws(Plan(wanted, options), threads);
    ws.run();
    BOOST_TEST(ws.leaf(r.w2).empty());
    BOOST_TEST(static_cast<double>(ws[r.cost][0]) == r.cost.item());
    for (const Var v : wanted) BOOST_TEST(std::ssize(ws[v]) == v.size());
    if (options.reuse_memory) continue;
    for (const CheckedLeaf& leaf : r.leaves) ws.rerun(leaf.leaf);
    BOOST_TEST(static_cast<double>(ws[r.cost][0]) == r.cost.item());
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(empty_blocks)

BOOST_DATA_TEST_CASE(hinder_no_check, methods, method) {
  Recorded r;
  NetworkOptions options;
  options.method = method_of(method);
  for (const unsigned threads : {1U, 2U}) {
    options.threads = threads;
    const Result result = check_network(r.cost, r.leaves, options);
    BOOST_TEST(static_cast<bool>(result), result);
    BOOST_TEST(result.blocks.size() == 1U);  // of the others there is nothing to be said
    BOOST_TEST(result.analytic.size() == 4U);
    require_reported(result);
  }
}

// That of W1 is, and the empty blocks before and behind it do not move the blame.
BOOST_DATA_TEST_CASE(a_wrong_gradient_beside_them_is_found, methods, method) {
  Recorded r;
  const std::vector<CheckedLeaf> leaves{r.leaves[1], r.leaves[0], r.leaves[2], r.leaves[3]};
  ParameterVector wrong = gradient_of(r.cost, leaves, parameters_of(leaves));
  wrong.values()[3] *= 2;
  NetworkOptions options;
  options.method = method_of(method);
  options.gradient = &wrong;
  const Result result = check_network(r.cost, leaves, options);
  BOOST_TEST(!result);
  for (const BlockResult& b : result.blocks) {
    BOOST_TEST((b.verdict == Verdict::fail) == (b.name == "W1"), b.name);
  }
  require_reported(result);
}

// There is nothing to be seen, and that is said.
BOOST_DATA_TEST_CASE(alone_they_are_refused, methods, method) {
  Recorded r;
  const std::vector<CheckedLeaf> leaves{r.leaves[1], r.leaves[2]};
  NetworkOptions options;
  options.method = method_of(method);
  BOOST_CHECK_THROW(static_cast<void>(check_network(r.cost, leaves, options)), ShapeError);
  BOOST_CHECK_THROW(check([](std::span<const double>) { return 1.0; }, std::vector<double>{},
                          std::vector<double>{}, options),
                    ShapeError);
}

BOOST_AUTO_TEST_CASE(are_replayed_in_every_scalar_and_kind_of_plan) {
  Recorded r;
  std::vector<Var> wanted = grad(r.cost, vars_of(r.leaves));
  wanted.push_back(r.cost);
  for (const bool reuse : {true, false}) {
    for (const bool fuse : {true, false}) {
      const PlanOptions options{.reuse_memory = reuse, .fuse = fuse};
      replay<double>(r, wanted, options);
      replay<long double>(r, wanted, options);
      replay<Quad>(r, wanted, options);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck::test
