// The least that a user writes: one layer and its derivative, one include.

#include <cstdio>

#include "autodiff/autodiff.hpp"

int main() {
  dtheta::Tape tape;
  const dtheta::Var w = tape.leaf(dtheta::Tensor({2, 3}, {1.0, 2.0, 3.0, 4.0, 5.0, 6.0}));
  const dtheta::Var x = tape.constant(dtheta::Tensor({3, 1}, {0.1, 0.2, 0.3}));
  const dtheta::Var y = sum(tanh(matmul(w, x)));
  std::printf("%g\n", grad(y, w).data<double>()[0]);
}
