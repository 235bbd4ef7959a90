#pragma once

namespace dtheta::detail {

/// Prepares BLAS before its first use: on the calling thread alone, and with the kernels that this
/// processor deserves. Cheap after the first call.
void prepare_blas();

}  // namespace dtheta::detail
