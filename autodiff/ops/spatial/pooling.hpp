#pragma once

/// Pooling over the last one, two or three axes of x (samples, channels, ...) or (channels, ...).

#include "autodiff/ops/spatial/avg_pool.hpp"
#include "autodiff/ops/spatial/max_pool.hpp"
#include "autodiff/ops/spatial/planes.hpp"
