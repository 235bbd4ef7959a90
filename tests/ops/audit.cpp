// The table of all ops: each has a cell for every kind of edge, and every cell is tested.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "autodiff/ops/registry.hpp"
#include "gradcheck/bridge/ops/edges/exempt.hpp"
#include "gradcheck/bridge/self_test.hpp"

namespace dtheta::gradcheck {
namespace {

namespace data = boost::unit_test::data;

std::vector<std::string> op_names() {
  std::vector<std::string> names;
  for (const OpRecord* op : all_ops()) names.emplace_back(op->info.name);
  return names;
}

/// The draws of an op are made once for all of its cells.
const OpReport& report_of(const std::string& name) {
  static std::map<std::string, OpReport> known;
  const auto found = known.find(name);
  return found != known.end() ? found->second
                              : known.emplace(name, edge_test(find_op(name))).first->second;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ops_audit)

BOOST_DATA_TEST_CASE(every_cell_of_the_table,
                     data::make(op_names()) * data::xrange(static_cast<int>(edge_count)), name,
                     cell) {
  for (const OpFailure& f : report_of(name).failures) {
    if (f.edge != static_cast<Edge>(cell)) continue;
    BOOST_ERROR(name << ", sample " << f.sample << " " << f.shapes << ": " << f.what);
  }
}

// A cell without draws tests nothing: only those of ops without a derivative are, and those that
// the op is not held to, by name and with a reason.
BOOST_DATA_TEST_CASE(every_cell_has_draws, data::make(op_names()), name) {
  if (!find_op(name).info.differentiable) return;
  for (std::size_t cell = 0; cell < edge_count; ++cell) {
    if (!exempt(name, static_cast<Edge>(cell)).empty()) continue;
    BOOST_TEST_INFO(edge_names[cell]);
    BOOST_TEST((report_of(name).edges[cell].draws > 0U));
  }
}

BOOST_AUTO_TEST_CASE(every_exemption_is_of_an_op) {
  for (const Exemption& e : exemptions()) BOOST_TEST(find_op(e.op).info.name == e.op);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
