// The umbrella header is all that a program needs to define, train and store a network.

#include "nn/nn.hpp"

#include <boost/test/unit_test.hpp>

#include "data/files.hpp"

namespace dtheta::nn::test {

BOOST_AUTO_TEST_SUITE(umbrella)

BOOST_AUTO_TEST_CASE(a_trained_network_can_be_stored_and_read_back) {
  const Dataset data{Tensor(Shape{4, 2}, {0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0}),
                     Tensor(Shape{4}, std::initializer_list<Index>{0, 1, 1, 1})};
  Sequential model{Linear(2, 4, {1, 0}), Activation::tanh, Linear(4, 2, {1, 1})};
  TrainerOptions options{.batch_size = 4, .optimizer = Adam{.learning_rate = 0.05}};
  Trainer(model, data, options).fit(100);
  BOOST_TEST(Evaluator(model, {2}).accuracy(data) == 1.0);

  const TempFolder folder;
  std::vector<NamedTensor> arrays;
  for (const auto& p : fields_of(model).parameters) arrays.push_back({p.path, p.member->value});
  write_npz(folder / "model.npz", arrays);

  Sequential other{Linear(2, 4, {2, 0}), Activation::tanh, Linear(4, 2, {2, 1})};
  const NpzFile file(folder / "model.npz");
  for (const auto& p : fields_of(other).parameters) p.member->value = file.at(p.path);
  BOOST_TEST(
      (Evaluator(other, {2}).predict(data.inputs) == Evaluator(model, {2}).predict(data.inputs)));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
