#include "nn/layers/bilinear.hpp"
#include "nn/layers/embedding.hpp"
#include "nn/layers/flatten.hpp"
#include "nn/layers/linear.hpp"
#include "nn/layers/reshape.hpp"
#include "nn/layers/spatial/upsample.hpp"
#include "subject.hpp"

namespace dtheta::nn::test {

namespace {

Subject of_two(Bilinear layer) {
  return subject(std::move(layer), [](const Bilinear& l, Recording& r, Inputs in) {
    return Results{r(l, in[0], in[1])};
  });
}

}  // namespace

void add_dense_subjects(Subjects& all) {
  all["linear"] = [] { return subject(Linear(3, 2)); };
  all["linear/no_bias"] = [] { return subject(Linear(3, 2, {.bias = false})); };
  all["embedding"] = [] { return subject(Embedding(5, 3)); };
  all["embedding/padding"] = [] { return subject(Embedding(4, 2, {.padding_index = 1})); };
  all["flatten"] = [] { return subject(Flatten()); };
  all["flatten/axes"] = [] { return subject(Flatten(0, 1)); };
  all["unflatten"] = [] { return subject(Reshape({2, -1})); };
  all["bilinear"] = [] { return of_two(Bilinear(3, 2, 4)); };
  all["bilinear/no_bias"] = [] { return of_two(Bilinear(2, 2, 1, {.bias = false})); };
  all["upsample"] = [] { return subject(Upsample(2)); };
  all["upsample/bilinear"] = [] { return subject(Upsample(2, {.mode = Resample::linear})); };
  all["upsample/size"] = [] {
    return subject(Upsample::to(
        {5, 4}, {.mode = Resample::linear, .coordinates = Coordinates::align_corners}));
  };
  all["upsample/linear"] = [] { return subject(Upsample(3, {.mode = Resample::linear})); };
  all["upsample/bicubic"] = [] { return subject(Upsample(2, {.mode = Resample::cubic})); };
}

}  // namespace dtheta::nn::test
