// The table of all ops: each has a cell for every kind of edge, and every cell is tested.

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <map>
#include <string>

#include "autodiff/ops/registry.hpp"
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

// A cell without draws tests nothing.
BOOST_DATA_TEST_CASE(differentiable_ops_have_draws_of_every_kind, data::make(op_names()), name) {
  const OpReport& report = report_of(name);
  const bool has_derivative = find_op(name).info.differentiable;
  for (std::size_t cell = 0; has_derivative && cell < edge_count; ++cell) {
    BOOST_TEST_INFO(name << ": " << edge_names[cell]);
    BOOST_WARN(report.edges[cell].draws > 0U);
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::gradcheck
