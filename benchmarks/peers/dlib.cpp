// The training cases as a user of dlib would write them: its own layers, losses and solver.

#include <dlib/dnn.h>

#include <memory>

#include "benchmarks/cases.hpp"
#include "benchmarks/work.hpp"

namespace dtheta::bench {
namespace {

using dlib::fc;
using dlib::relu;

template <class SUBNET>
using pool = dlib::max_pool<2, 2, 2, 2, SUBNET>;
template <long filters, int padding, class SUBNET>
using con5 = dlib::add_layer<dlib::con_<filters, 5, 5, 1, 1, padding, padding>, SUBNET>;
using Input = dlib::input<dlib::matrix<float>>;

using A = dlib::loss_binary_log<fc<1, relu<fc<3, relu<fc<6, Input>>>>>>;
using B = dlib::loss_multiclass_log<fc<10, relu<fc<128, Input>>>>;
using C = dlib::loss_multiclass_log<fc<10, relu<fc<512, relu<fc<512, Input>>>>>>;
using D = dlib::loss_multiclass_log<
    fc<10, relu<fc<84, relu<fc<120, pool<relu<con5<16, 0, pool<relu<con5<6, 2, Input>>>>>>>>>>>>;

/// A layer's parameters as dlib keeps them: weights (in, out) of a dense layer, filters as they
/// are, then the bias.
std::vector<float> parameters_of_layer(const NetworkData& data, std::size_t layer) {
  const std::vector<std::int64_t>& shape = data.parameters[2 * layer].shape;
  const std::vector<float> w = data.parameter<float>(2 * layer);
  const std::vector<float> b = data.parameter<float>(2 * layer + 1);
  std::vector<float> all = w;
  if (shape.size() == 2) {
    const auto out = static_cast<std::size_t>(shape[0]), in = static_cast<std::size_t>(shape[1]);
    for (std::size_t j = 0; j < out; ++j) {
      for (std::size_t k = 0; k < in; ++k) all[k * out + j] = w[j * in + k];
    }
  }
  all.insert(all.end(), b.begin(), b.end());
  return all;
}

template <class Net, class Label>
struct Training {
  explicit Training(const std::string& name)
      : data(network_data(name)), solvers(net.num_computational_layers, dlib::sgd(0, 0)) {
    const std::vector<float> values = data.x<float>();
    const bool image = data.input.size() == 4;
    const long rows = image ? data.input[2] : data.input[1], columns = image ? data.input[3] : 1;
    std::vector<dlib::matrix<float>> samples;
    for (long i = 0; i < data.batch; ++i) {
      samples.push_back(dlib::mat(values.data() + i * rows * columns, rows, columns));
    }
    net.to_tensor(samples.begin(), samples.end(), x);
    // dlib's two classes are -1 and 1.
    for (const float y : data.labels<float>()) {
      labels.push_back(data.classes == 1 ? static_cast<Label>(2 * y - 1) : static_cast<Label>(y));
    }
    net.subnet().forward(x);  // gives the layers their sizes
    std::size_t layer = data.parameters.size() / 2;
    dlib::visit_layer_parameters(net, [&](std::size_t, dlib::tensor& p) {
      if (p.size() == 0) return;
      const std::vector<float> given = parameters_of_layer(data, --layer);
      DLIB_CASSERT(given.size() == p.size());
      std::copy(given.begin(), given.end(), p.host());
    });
  }

  void run() {
    cost = net.compute_parameter_gradients(x, labels.begin());
    net.update_parameters(solvers, learning_rate);
  }

  NetworkData data;
  Net net;
  std::vector<dlib::sgd> solvers;
  dlib::resizable_tensor x;
  std::vector<Label> labels;
  double cost = 0;
};

template <class Net, class Label>
Work training(const std::string& name) {
  const auto t = std::make_shared<Training<Net, Label>>(name);
  return {[t] { t->run(); }, [t] { return t->cost; }};
}

Work make(const std::string& name, int threads) {
  if (threads != 1) return {};  // it has none on a processor
  if (name == "a") return training<A, float>(name);
  if (name == "b") return training<B, unsigned long>(name);
  if (name == "c") return training<C, unsigned long>(name);
  if (name == "d") return training<D, unsigned long>(name);
  return {};
}

}  // namespace
}  // namespace dtheta::bench

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, dtheta::bench::make); }
