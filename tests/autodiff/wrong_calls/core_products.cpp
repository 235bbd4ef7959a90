// Indexing, products, losses and random ops, called wrongly.
#include "core.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <cmath>

#include "autodiff/ops/elementwise/noise.hpp"
#include "autodiff/ops/linalg/add_matmul.hpp"
#include "autodiff/ops/linalg/matmul.hpp"
#include "autodiff/ops/loss/loss.hpp"
#include "autodiff/ops/shape/indexing.hpp"

namespace dtheta::wrong_calls {
namespace {

namespace data = boost::unit_test::data;

List indexing() {
  List list;
  const auto add = [&](const char* op, const char* what, const char* type,
                       std::vector<std::string> named, Call call) {
    list.push_back({op, what, std::move(call), type, std::move(named)});
  };
  add("take", "an index behind the last", "value", {"take", "index 3", "position 1", "3 elements"},
      [](Operands& o) {
        return take(o.real({3, 2}), o.labels({0, 3}));
      });
  add("take", "an index before the first", "value",
      {"take", "index -3", "position 0", "2 elements"}, [](Operands& o) {
        return take(o.real({3, 2}), o.labels({-3}), 1);
      });
  add("take", "real indices", "type", {"take", "(2)"},
      [](Operands& o) { return take(o.real({3}), o.real({2})); });
  add("take", "an axis out of range", "shape", {"take", "axis 1"},
      [](Operands& o) { return take(o.real({3}), o.labels({0}), 1); });
  add("take", "an empty table", "value", {"take", "index 0", "0 elements"}, [](Operands& o) {
    return take(o.real({0, 2}), o.labels({0}));
  });
  add("take", "too many axes", "shape", {"9 axes"}, [](Operands& o) {
    return take(o.real({1, 1, 1, 1, 1}), o.index({1, 1, 1, 1, 1}));
  });
  add("scatter_add", "an index out of range", "value", {"scatter_add", "index 4", "4 elements"},
      [](Operands& o) {
        return scatter_add(o.real({2}), o.labels({0, 4}), 0, 4);
      });
  add("scatter_add", "slices for other indices", "shape", {"scatter_add", "(3, 2)", "(2)"},
      [](Operands& o) {
        return scatter_add(o.real({3, 2}), o.labels({0, 1}), 0, 4);
      });
  add("scatter_add", "real indices", "type", {"scatter_add", "(2)"},
      [](Operands& o) { return scatter_add(o.real({2}), o.real({2}), 0, 4); });
  add("scatter_add", "a negative size", "shape", {"-1"}, [](Operands& o) {
    return scatter_add(o.real({2}), o.labels({0, 0}), 0, -1);
  });
  add("embedding", "a table of one axis", "shape", {"embedding", "(3)"},
      [](Operands& o) { return embedding(o.real({3}), o.labels({0})); });
  add("embedding", "a table of three axes", "shape", {"embedding", "(3, 2, 2)"}, [](Operands& o) {
    return embedding(o.real({3, 2, 2}), o.labels({0}));
  });
  add("embedding", "a word out of range", "value", {"index 7", "3 elements"}, [](Operands& o) {
    return embedding(o.real({3, 2}), o.labels({7}));
  });
  add("one_hot", "a class out of range", "value", {"one_hot", "index 3", "3 elements"},
      [](Operands& o) {
        return one_hot(o.labels({0, 3}), 3);
      });
  add("one_hot", "real classes", "type", {"one_hot", "(2)"},
      [](Operands& o) { return one_hot(o.real({2}), 3); });
  add("one_hot", "a negative number of classes", "shape", {"-3"},
      [](Operands& o) { return one_hot(o.labels({0}), -3); });
  return list;
}

List products() {
  List list;
  const auto add = [&](const char* op, const char* what, const char* type,
                       std::vector<std::string> named, Call call) {
    list.push_back({op, what, std::move(call), type, std::move(named)});
  };
  add("matmul", "inner dimensions", "shape", {"matmul", "(64, 784)", "(256, 10)", "784 != 256"},
      [](Operands& o) {
        return matmul(o.real({64, 784}), o.real({256, 10}));
      });
  add("matmul", "inner dimensions of transposes", "shape",
      {"matmul", "(2, 3)^T", "(3, 4)", "2 != 3"}, [](Operands& o) {
        return matmul(o.real({2, 3}), o.real({3, 4}), true, false);
      });
  add("matmul", "a vector of another length", "shape", {"matmul", "(2, 3)", "3 != 2"},
      [](Operands& o) {
        return matmul(o.real({2, 3}), o.real({2}));
      });
  add("matmul", "a scalar", "shape", {"matmul", "(2, 3)", "()"}, [](Operands& o) {
    return matmul(o.real({2, 3}), o.real({}));
  });
  add("matmul", "batches that do not broadcast", "shape", {"matmul", "(2)", "(3)", "2 != 3"},
      [](Operands& o) {
        return matmul(o.real({2, 1, 1}), o.real({3, 1, 1}));
      });
  add("matmul", "a transposed vector", "shape", {"matmul", "(3)", "(3, 2)"}, [](Operands& o) {
    return matmul(o.real({3}), o.real({3, 2}), false, true);
  });
  add("matmul", "indices", "type", {"matmul", "(3, 2)"}, [](Operands& o) {
    return matmul(o.real({2, 3}), o.index({3, 2}));
  });
  add("matmul", "two tapes", "state", {"matmul", "tapes"}, [](Operands& o) {
    return matmul(o.real({2, 3}), o.foreign({3, 2}));
  });
  add("matmul", "a number", "state", {"2"}, [](Operands& o) { return matmul(o.real({2, 3}), 2); });
  add("inner", "other lengths", "shape", {"inner", "(3)", "(4)"},
      [](Operands& o) { return inner(o.real({3}), o.real({4})); });
  add("inner", "a matrix", "shape", {"inner", "(3, 1)", "(3)"}, [](Operands& o) {
    return inner(o.real({3, 1}), o.real({3}));
  });
  add("inner", "indices", "type", {"(3, 1)"},
      [](Operands& o) { return inner(o.real({3}), o.index({3})); });
  add("outer", "a matrix on the left", "shape", {"outer", "(3, 1)", "(4)"}, [](Operands& o) {
    return outer(o.real({3, 1}), o.real({4}));
  });
  add("outer", "a scalar on the right", "shape", {"outer", "(4)", "()"},
      [](Operands& o) { return outer(o.real({4}), o.real({})); });
  add("outer", "indices", "type", {"(1, 3)"},
      [](Operands& o) { return outer(o.real({4}), o.index({3})); });
  const auto affine_of = [](Shape x, Shape w, Shape b) {
    return [=](Operands& o) { return affine(o.real(x), o.real(w), o.real(b)); };
  };
  add("add_matmul", "a sum of another shape", "shape", {"add_matmul", "(2, 2)", "(2, 4)", "(4, 3)"},
      [](Operands& o) {
        return add_matmul(o.real({2, 2}), o.real({2, 4}), o.real({4, 3}), o.real({}));
      });
  add("add_matmul", "a factor of several elements", "shape", {"add_matmul", "factor (2)"},
      [](Operands& o) {
        return add_matmul(o.real({2, 3}), o.real({2, 4}), o.real({4, 3}), o.real({2}));
      });
  add("add_matmul", "inner dimensions that differ", "shape", {"4 != 5"}, [](Operands& o) {
    return add_matmul(o.real({2, 3}), o.real({2, 4}), o.real({5, 3}), o.real({}));
  });
  add("affine", "weights for other inputs", "shape", {"affine", "(2, 3)", "(4, 5)", "(4)"},
      affine_of({2, 3}, {4, 5}, {4}));
  add("affine", "a bias for other outputs", "shape", {"affine", "(2, 3)", "(4, 3)", "(5)"},
      affine_of({2, 3}, {4, 3}, {5}));
  add("affine", "a bias that is a column", "shape", {"affine", "(4, 1)"},
      affine_of({2, 3}, {4, 3}, {4, 1}));
  add("affine", "scalar inputs", "shape", {"affine", "()"}, affine_of({}, {4, 3}, {4}));
  add("affine", "index inputs", "type", {"affine", "(2, 3)"}, [](Operands& o) {
    return affine(o.index({2, 3}), o.real({4, 3}), o.real({4}));
  });
  return list;
}

List losses() {
  List list;
  two_operands(list, "xlogy", xlogy);
  two_operands(list, "binary_cross_entropy_with_logits", binary_cross_entropy_with_logits);
  const auto add = [&](const char* op, const char* what, const char* type,
                       std::vector<std::string> named, Call call) {
    list.push_back({op, what, std::move(call), type, std::move(named)});
  };
  add("binary_cross_entropy", "shapes that do not broadcast", "shape", {"(2)", "(3)"},
      [](Operands& o) { return binary_cross_entropy(o.real({2}), o.real({3})); });
  add("binary_cross_entropy", "index targets", "type", {"(2)"},
      [](Operands& o) { return binary_cross_entropy(o.real({2}), o.index({2})); });
  add("binary_cross_entropy", "two tapes", "state", {"tapes"},
      [](Operands& o) { return binary_cross_entropy(o.real({2}), o.foreign({2})); });
  struct Classes {
    const char* op;
    Var (*f)(Arg, Arg);
  };
  for (const auto& [op, f] : {Classes{"cross_entropy", cross_entropy},
                              Classes{"cross_entropy_with_logits", cross_entropy_with_logits}}) {
    const auto call = f;
    add(op, "probabilities of another shape", "shape", {op, "(2, 3)", "(2, 4)"},
        [call](Operands& o) {
          return call(o.real({2, 3}), o.real({2, 4}));
        });
    add(op, "labels for other examples", "shape", {op, "(4)", "(2, 3)"}, [call](Operands& o) {
      return call(o.real({2, 3}), o.index({4}));
    });
    add(op, "labels that keep the last axis", "shape", {op, "(2, 3)"}, [call](Operands& o) {
      return call(o.real({2, 3}), o.index({2, 3}));
    });
    add(op, "a label out of range", "value", {"3", "3 "}, [call](Operands& o) {
      return call(o.real({2, 3}), o.labels({0, 3}));
    });
    add(op, "a scalar with a label", "shape", {"()"},
        [call](Operands& o) { return call(o.real({}), o.index({})); });
    add(op, "index logits", "type", {"(2, 3)"}, [call](Operands& o) {
      return call(o.index({2, 3}), o.real({2, 3}));
    });
  }
  add("cross_entropy_with_logits", "a negative label", "value",
      {"cross_entropy_with_logits", "label -1", "example 1", "3 classes"}, [](Operands& o) {
        return cross_entropy_with_logits(o.real({2, 3}), o.labels({0, -1}));
      });
  return list;
}

List randoms() {
  List list;
  const auto add = [&](const char* op, const char* what, const char* type,
                       std::vector<std::string> named, Call call) {
    list.push_back({op, what, std::move(call), type, std::move(named)});
  };
  for (const double p : {0.0, -0.1, 1.5, std::nan("")}) {
    add("dropout", "keep_prob outside (0, 1]", "value", {"dropout", "keep_prob", "(0, 1]"},
        [p](Operands& o) { return dropout(o.real({3}), p, {}); });
    add("dropout_mask", "keep_prob outside (0, 1]", "value", {"dropout", "keep_prob", "(0, 1]"},
        [p](Operands& o) { return dropout_mask(o.tape, {3}, p, {}); });
  }
  add("dropout", "indices", "type", {"(3)"},
      [](Operands& o) { return dropout(o.index({3}), 0.5, {}); });
  add("dropout", "a number", "state", {}, [](Operands&) { return dropout(1.0, 0.5, {}); });
  add("uniform_noise", "a negative dimension", "shape", {"-3"},
      [](Operands& o) { return uniform_noise(o.tape, {-3}, {}); });
  add("normal_noise", "a negative dimension", "shape", {"(2, -3)"}, [](Operands& o) {
    return normal_noise(o.tape, {2, -3}, {});
  });
  return list;
}

const List all = joined({indexing(), products(), losses(), randoms()});

}  // namespace

BOOST_AUTO_TEST_SUITE(wrong_calls_core_products)

BOOST_DATA_TEST_CASE(is_refused_by_name, data::make(all), wrong) { expect_refusal(wrong); }

BOOST_AUTO_TEST_CASE(each_op_has_three_wrong_calls) {
  expect_three_of_each(all, {{"uniform_noise", 1}, {"normal_noise", 1}});
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::wrong_calls
