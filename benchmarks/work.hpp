#pragma once

#include <dlfcn.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <functional>
#include <iostream>
#include <string>

namespace dtheta::bench {

/// One case as one program carries it out.
struct Work {
  /// One call of it: a training step, a whole check. Empty: this program does not have the case.
  std::function<void()> step{};
  /// What the last step found (its cost, the norm of its gradient): all programs must find the
  /// same.
  std::function<double()> value{};
  /// Pieces of work in one call; times are per piece.
  double pieces = 1;
  /// Steps before the value is asked for: it shows whether they moved the parameters alike.
  int steps_to_value = 3;
};

/// The kernels that OpenBLAS runs in this process, or "" without OpenBLAS. Asked of the loader:
/// where it is linked in by others, they say nothing of it.
inline std::string openblas_kernels() {
  void* const function = dlsym(RTLD_DEFAULT, "openblas_get_corename");
  return function == nullptr ? "" : reinterpret_cast<char* (*)()>(function)();
}

using Maker = std::function<Work(const std::string& name, int threads)>;

/// Seconds now: for one thread those that this process has computed, which other programs on the
/// machine hardly disturb; for several threads those that have passed.
inline double seconds_now(int threads) {
  if (threads == 1) return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

/// The body of a benchmark program, `PROGRAM CASE THREADS SECONDS`, which benchmarks/table.py
/// drives: says "value V", "kernels K" of OpenBLAS and "version X" if one is given, after the first
/// steps, or "none"; then for each line it reads it runs a batch of about SECONDS and says how many seconds one piece took.
/// While it waits it costs nothing, so several programs can take turns.
inline int serve(int argc, char** argv, const Maker& make, const char* version = nullptr) try {
  if (argc != 4) {
    std::fprintf(stderr, "usage: %s CASE THREADS SECONDS\n", argv[0]);
    return 2;
  }
  const int threads = std::atoi(argv[2]);
  const Work work = make(argv[1], threads);
  if (!work.step) {
    std::puts("none");
    return 0;
  }
  const double wanted = std::atof(argv[3]);
  const auto seconds_for = [&](long calls) {
    const double start = seconds_now(threads);
    for (long i = 0; i < calls; ++i) work.step();
    return seconds_now(threads) - start;
  };
  double once = 0;
  for (int i = 0; i < work.steps_to_value; ++i) once = seconds_for(1);
  std::printf("value %.17g", work.value());
  if (const std::string kernels = openblas_kernels(); !kernels.empty()) {
    std::printf(" kernels %s", kernels.c_str());
  }
  if (version != nullptr) std::printf(" version %s", version);
  std::puts("");
  std::fflush(stdout);
  long calls = 1;
  for (double took = once; took < wanted / 2 && calls < (1L << 30); took = seconds_for(calls)) {
    calls *= 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    const double took = seconds_for(calls);
    std::printf("%.17g\n", took / static_cast<double>(calls) / work.pieces);
    std::fflush(stdout);
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "%s: %s\n", argv[0], e.what());
  return 1;
}

}  // namespace dtheta::bench
