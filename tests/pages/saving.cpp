// The code of docs/saving.md, in a folder of its own.

#include <stdlib.h>  // mkdtemp

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "nn/nn.hpp"

using namespace dtheta;

namespace {

/// A new folder, in which the program stands while this lives.
class InFolder {
 public:
  InFolder() : before_(std::filesystem::current_path()) {
    std::string name = std::filesystem::temp_directory_path() / "dtheta-saving-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder to work in");
    folder_ = name;
    std::filesystem::current_path(folder_);
  }
  InFolder(const InFolder&) = delete;
  InFolder& operator=(const InFolder&) = delete;
  ~InFolder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

 private:
  std::filesystem::path before_, folder_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(saving_page)

BOOST_AUTO_TEST_CASE(weights) {
  const InFolder folder;
  nn::Sequential model{nn::Linear(784, 128), nn::Activation::relu, nn::Linear(128, 10)};
  nn::initialize(model, 1);
  nn::save("model.safetensors", model);

  nn::Sequential other{nn::Linear(784, 128), nn::Activation::relu, nn::Linear(128, 10)};
  nn::load("model.safetensors", other);
  const Tensor x = nn::uniform({2, 784}, 0, 1, {1, 1});
  Tape tape;
  nn::Recording r(tape);
  BOOST_TEST((r(model, tape.leaf(x)).value() == r(other, tape.leaf(x)).value()));
}

BOOST_AUTO_TEST_CASE(a_training_that_goes_on) {
  const InFolder folder;
  const nn::Dataset data{nn::uniform({80, 2}, -1, 1, {1, 1}), Tensor(Shape{80}, DType::int64)};
  nn::Sequential model{nn::Linear(2, 4), nn::Activation::relu, nn::Linear(4, 2)};
  nn::initialize(model, 1);

  nn::TrainerOptions options{.optimizer = nn::Adam{}, .save = nn::checkpoint_to("run.safetensors")};
  nn::Trainer trainer(model, data, options);
  nn::resume("run.safetensors", trainer);  // false where there is no such file yet
  trainer.fit(20);

  nn::Trainer again(model, data, options);
  BOOST_TEST(nn::resume("run.safetensors", again));
  BOOST_TEST(again.history().size() == 20u);
}

BOOST_AUTO_TEST_CASE(tensors_of_ones_own) {
  const InFolder folder;
  const Tensor left(Shape{2}, {1.0, 2.0}), y(Shape{1}, {3.0});
  {
    const Tensor& x = left;
    nn::write_safetensors("pair.safetensors", std::vector<nn::NamedTensor>{{"x", x}, {"y", y}},
                          {{"made by", "me"}});
  }

  const nn::SafetensorsFile file("pair.safetensors");  // reads the header
  const Tensor x = file.read("x");                     // and one tensor
  BOOST_TEST((x == left));
}

BOOST_AUTO_TEST_SUITE_END()
