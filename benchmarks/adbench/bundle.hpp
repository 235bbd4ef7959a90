#pragma once

#include <cstdint>
#include <vector>

#include "benchmarks/cases.hpp"

namespace dtheta::bench::adbench {

/// What an error depends on: a camera's rotation vector (3), centre (3), focal length, principal
/// point (2) and radial distortion (2); a point (3); a weight.
inline constexpr std::int64_t camera_size = 11, point_size = 3;
inline constexpr std::int64_t row_size = camera_size + point_size + 1;

/// Bundle adjustment: cameras that see points. Observation i is of point[i] by camera[i], weighs
/// weights[i], and was made at (features[2 i], features[2 i + 1]) of the image. Needs std only.
struct BundleInput {
  std::int64_t cameras, points, observations;
  std::vector<double> camera_values;        // (cameras, camera_size)
  std::vector<double> point_values;         // (points, 3)
  std::vector<double> weights;              // (observations)
  std::vector<double> features;             // (observations, 2)
  std::vector<std::int64_t> camera, point;  // (observations)
};

/// Cameras that look along the third axis at a cloud of points, each seeing some of them. The first
/// is not turned at all.
inline BundleInput make_bundle(std::int64_t cameras, std::int64_t points,
                               std::int64_t observations) {
  constexpr double scale[camera_size] = {0.3, 0.3, 0.3, 0.5, 0.5, 0.5, 0.1, 0.1, 0.1, 0.05, 0.05};
  constexpr double offset[camera_size] = {0, 0, 0, 0, 0, -5, 1, 0, 0, 0, 0};
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  BundleInput in{cameras,
                 points,
                 observations,
                 numbers<double>(size(cameras * camera_size), 0, 1),
                 numbers<double>(size(points * point_size), 1, 1),
                 numbers<double>(size(observations), 2, 0.5, 1),
                 numbers<double>(size(observations * 2), 3, 1),
                 {},
                 {}};
  for (std::int64_t i = 0; i < cameras * camera_size; ++i) {
    double& v = in.camera_values[size(i)];
    v = i < 3 ? 0 : offset[i % camera_size] + scale[i % camera_size] * v;
  }
  for (std::int64_t i = 0; i < observations; ++i) {
    in.camera.push_back(i % cameras);
    in.point.push_back(i * 7 % points);
  }
  return in;
}

/// The case "ba": as many as in the smallest problem of ADBench.
inline BundleInput bundle_case() { return make_bundle(49, 7776, 31843); }

}  // namespace dtheta::bench::adbench
