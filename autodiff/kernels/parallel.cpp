#include "autodiff/kernels/parallel.hpp"

#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/info.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>

#include <algorithm>

#include "autodiff/errors.hpp"

namespace dtheta {

struct Parallel::Threads {
  oneapi::tbb::task_arena arena;
};

Parallel::Parallel(unsigned threads) : threads_(threads) {
  if (threads == 0) throw ValueError("threads: 0 is given, at least one is needed");
  if (threads > 1) {
    // More than the machine has would only be warned about.
    const int at_once =
        std::min(static_cast<int>(threads), oneapi::tbb::info::default_concurrency());
    arena_ = std::make_unique<Threads>(Threads{oneapi::tbb::task_arena(at_once, 1)});
  }
}

Parallel::~Parallel() = default;

void Parallel::run(std::size_t parts, void (*call)(const void*, std::size_t),
                   const void* work) const {
  if (arena_ == nullptr) {
    for (std::size_t part = 0; part < parts; ++part) call(work, part);
    return;
  }
  arena_->arena.execute([&] {
    const oneapi::tbb::blocked_range<std::size_t> all(0, parts);
    oneapi::tbb::parallel_for(
        all,
        [&](const oneapi::tbb::blocked_range<std::size_t>& range) {
          for (std::size_t part = range.begin(); part < range.end(); ++part) call(work, part);
        },
        oneapi::tbb::static_partitioner{});
  });
}

}  // namespace dtheta
