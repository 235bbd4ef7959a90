#include "nn/layers/activation.hpp"
#include "nn/layers/activations.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {

void add_activation_subjects(Subjects& all) {
  for (const char* name :
       {"identity", "relu",       "relu6",       "leaky_relu",  "elu",       "celu",
        "selu",     "gelu",       "gelu_tanh",   "silu",        "mish",      "softplus",
        "softsign", "sigmoid",    "log_sigmoid", "hardsigmoid", "hardswish", "tanh",
        "hardtanh", "softshrink", "hardshrink",  "tanhshrink",  "softmax",   "log_softmax",
        "softmin",  "glu"}) {
    all[std::string("activation/") + name] = [name] {
      return subject(Activate{parse_activation(name)});
    };
  }
  all["leaky_relu"] = [] { return subject(LeakyReLU{0.2}); };
  all["elu"] = [] { return subject(ELU{0.5}); };
  all["celu"] = [] { return subject(CELU{2.0}); };
  all["softplus"] = [] { return subject(Softplus{2.0}); };
  all["hardtanh"] = [] { return subject(Hardtanh{-2, 0.5}); };
  all["softshrink"] = [] { return subject(Softshrink{1.5}); };
  all["hardshrink"] = [] { return subject(Hardshrink{1.5}); };
  all["threshold"] = [] { return subject(Threshold{0.5, -3.0}); };
  all["softmax"] = [] { return subject(Softmax{0}); };
  all["log_softmax"] = [] { return subject(LogSoftmax{0}); };
  all["softmin"] = [] { return subject(Softmin{0}); };
  all["glu"] = [] { return subject(GLU{1}); };
  all["prelu"] = [] { return subject(PReLU()); };
  all["prelu/channels"] = [] { return subject(PReLU(6)); };
}

}  // namespace dtheta::nn::test
