#include "autodiff/kernels/blas_setup.hpp"

#include <cblas.h>

#include <cstdlib>
#include <string_view>

// OpenBLAS chooses its kernels by the processor's model number. One that is newer than the library
// gets the oldest kernels of all, four to five times slower than those it could run. The choice can
// be repeated with another answer; the functions are exported, but a library built without run-time
// dispatch does not have them.
extern "C" {
[[gnu::weak]] void gotoblas_dynamic_init();
[[gnu::weak]] void gotoblas_dynamic_quit();
}

namespace dtheta::detail {
namespace {

#if defined(__x86_64__)
/// Kernels that this processor can run, by its instruction sets alone; null when in doubt.
const char* core_by_features() {
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  return avx2 && avx512 ? "SkylakeX" : avx2 ? "Haswell" : nullptr;
}
#else
const char* core_by_features() { return nullptr; }
#endif

bool is_fallback(std::string_view core) { return core == "Prescott" || core == "Core2"; }

/// Runs once, before the first product; nobody may use BLAS meanwhile.
void choose_core() {
  if (gotoblas_dynamic_init == nullptr || gotoblas_dynamic_quit == nullptr) return;
  if (std::getenv("OPENBLAS_CORETYPE") != nullptr) return;  // someone has decided
  const char* core = core_by_features();
  if (core == nullptr || !is_fallback(openblas_get_corename())) return;
  setenv("OPENBLAS_CORETYPE", core, 1);
  gotoblas_dynamic_quit();
  gotoblas_dynamic_init();
  unsetenv("OPENBLAS_CORETYPE");
}

}  // namespace

void prepare_blas() {
  static const bool done = [] {
    choose_core();
    // Parallel work is split above BLAS, where results do not depend on the number of threads.
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

}  // namespace dtheta::detail
