#pragma once

#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "nn/fields.hpp"
#include "nn/recording.hpp"

/// Layers by the names that tests/nn_checks/fixtures.py gives its cases.
namespace dtheta::nn::test {

/// A layer of any type, and how it is called.
struct Subject {
  std::function<ModelFields()> fields;
  std::function<std::vector<Var>(Recording&, std::span<const Var>)> run;
};

using Results = std::vector<Var>;
using Inputs = std::span<const Var>;

/// A layer that is called in a way of its own.
template <class L, class F>
Subject subject(L layer, F run) {
  const auto kept = std::make_shared<L>(std::move(layer));
  return {[kept] { return fields_of(*kept); },
          [kept, run](Recording& r, Inputs in) { return Results(run(*kept, r, in)); }};
}

/// One of a single operand and result.
template <class L>
Subject subject(L layer) {
  return subject(std::move(layer),
                 [](const L& l, Recording& r, Inputs in) { return Results{r(l, in[0])}; });
}

using Subjects = std::map<std::string, std::function<Subject()>>;

void add_activation_subjects(Subjects& all);
void add_attention_subjects(Subjects& all);
void add_dense_subjects(Subjects& all);
void add_norm_subjects(Subjects& all);
void add_recurrent_subjects(Subjects& all);
void add_window_subjects(Subjects& all);

}  // namespace dtheta::nn::test
