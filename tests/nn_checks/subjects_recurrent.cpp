#include "nn/layers/sequence/recurrent.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {
namespace {

/// All outputs and states for x, lengths and a state, as far as they are given.
template <class L>
Subject recurrent(L layer) {
  return subject(std::move(layer), [](const L& l, Recording& r, Inputs in) {
    const auto input = [&](std::size_t i) { return i < in.size() ? in[i] : Var{}; };
    const RecurrentOutputs out = l.run(r, in[0], {input(1), input(2), input(3)});
    Results results{out.outputs, out.h};
    if (out.c.exists()) results.push_back(out.c);
    return results;
  });
}

template <class L>
void add_kind(Subjects& all, const std::string& name) {
  all[name] = [] { return recurrent(L(3, 2)); };
  const auto deep = [] { return recurrent(L(3, 2, {.layers = 2, .bidirectional = true})); };
  for (const char* variant : {"/deep", "/lengths", "/state"}) all[name + variant] = deep;
}

}  // namespace

void add_recurrent_subjects(Subjects& all) {
  add_kind<RNN>(all, "rnn");
  add_kind<GRU>(all, "gru");
  add_kind<LSTM>(all, "lstm");
  all["rnn/relu"] = [] { return recurrent(RNN(3, 2, {.bias = false}, RecurrentActivation::relu)); };
}

}  // namespace dtheta::nn::test
