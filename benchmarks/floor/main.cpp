#include "benchmarks/cases.hpp"
#include "benchmarks/floor/floor.hpp"

namespace {

dtheta::bench::Work make(const std::string& name, int threads) {
  using namespace dtheta::bench;
  const bool dense = name == "a" || name == "b" || name == "c";
  if (dense || name.ends_with("-merged")) return floor::dense_step(name, threads);
  if (name.starts_with("peak-")) return floor::peak(name, threads);
  if (name.starts_with("product-")) return floor::product(name, threads);
  if (threads != 1) return {};
  if (name.starts_with("gc-")) return floor::dense_check(name);
  if (name.starts_with("gmm-")) return floor::gmm(name);
  if (name == "lstm" || name == "lstm-value") return floor::lstm(name);
  if (name == "ba") return floor::bundle();
  return {};
}

}  // namespace

int main(int argc, char** argv) { return dtheta::bench::serve(argc, argv, make); }
