#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

#include "autodiff/op.hpp"
#include "autodiff/ops/families.hpp"
#include "autodiff/tape.hpp"

namespace dtheta {
namespace {

/// Ops that only derivatives record, called by hand: each refuses operands of other ranks, shapes
/// and kinds than the attributes of its samples were made for.
std::vector<const OpRecord*> layer_ops() {
  std::vector<const OpRecord*> all;
  for (const auto family :
       {channel_ops(), convolution_ops(), max_pool_ops(), avg_pool_ops(), unfold_ops(),
        interpolate_ops(), standardize_ops(), lstm_ops(), gru_ops(), rnn_ops()}) {
    for (const OpEntry& entry : family) all.push_back(entry.record);
  }
  return all;
}

void expect_refused(const OpRecord& op, const SampleCase& sample, const std::vector<Arg>& args,
                    const std::string& mentioned) {
  try {
    apply(op, sample.op.get(), args);
    BOOST_ERROR(op.info.name << ": the call is not refused");
  } catch (const std::invalid_argument& e) {
    const std::string message = e.what();
    BOOST_TEST_INFO(message);
    BOOST_TEST(message.rfind(std::string(op.info.name) + ":", 0) == 0U);
    BOOST_TEST_INFO(message);
    BOOST_TEST(message.find(mentioned) != std::string::npos);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_layer_ops_suite)

BOOST_AUTO_TEST_CASE(every_op_refuses_operands_of_another_shape_rank_or_kind) {
  for (const OpRecord* op : layer_ops()) {
    const SampleCase sample = op->samples().front();
    Tape tape;
    std::vector<Arg> longer, deeper, other;
    for (const SampleInput& input : sample.inputs) {
      std::vector<Index> dims(input.shape.begin(), input.shape.end());
      const DType type = input.kind == Kind::index ? DType::int64 : DType::float64;
      const DType wrong = input.kind == Kind::index ? DType::float64 : DType::int64;
      other.emplace_back(tape.leaf(Tensor(input.shape, wrong)));
      dims.back() += 17;
      longer.emplace_back(longer.empty() ? tape.leaf(Tensor(Shape(dims), type))
                                         : tape.leaf(Tensor(input.shape, type)));
      dims.assign(8, 1);
      dims[0] = 23;
      deeper.emplace_back(tape.leaf(Tensor(Shape(dims), type)));
    }
    expect_refused(*op, sample, longer, to_string(longer[0].var().shape()));
    expect_refused(*op, sample, deeper, to_string(deeper[0].var().shape()));
    expect_refused(*op, sample, other, to_string(other[0].var().shape()));
  }
}

/// The adjoint of a softmax takes operands of any shape, but the same for both.
BOOST_AUTO_TEST_CASE(an_adjoint_of_softmax_refuses_operands_that_differ) {
  for (const OpEntry& entry : softmax_ops()) {
    const OpRecord* const op = entry.record;
    if (op->info.arity != 2) continue;
    const SampleCase sample = op->samples().front();
    const Shape& shape = sample.inputs[0].shape;
    Tape tape;
    const Var y = tape.leaf(Tensor(shape));
    const Var longer = tape.leaf(Tensor(Shape{shape[0] + 1}));
    const Var indices = tape.leaf(Tensor(shape, DType::int64));
    expect_refused(*op, sample, {longer, y}, to_string(longer.shape()));
    expect_refused(*op, sample, {y, longer}, to_string(longer.shape()));
    expect_refused(*op, sample, {indices, y}, to_string(shape));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta
