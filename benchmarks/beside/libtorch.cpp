// The same by libtorch.

#include <torch/torch.h>

#include <cstdio>

int main() {
  const torch::Tensor w =
      torch::tensor({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}}, torch::kFloat64).requires_grad_();
  const torch::Tensor x = torch::tensor({{0.1}, {0.2}, {0.3}}, torch::kFloat64);
  const torch::Tensor y = torch::tanh(torch::matmul(w, x)).sum();
  y.backward();
  std::printf("%g\n", w.grad()[0][0].item<double>());
}
