// A process that is killed at any moment while it writes leaves the old file or the new one.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>

#include "files.hpp"
#include "nn/data/safetensors.hpp"

namespace dtheta::nn::test {
namespace {

constexpr Index elements = 1 << 16;

/// The file of a generation: its number in the metadata and in every element.
void write_generation(const std::string& file, int number) {
  std::vector<NamedTensor> tensors{{"a", Tensor(Shape{elements})},
                                   {"b", Tensor(Shape{elements}, DType::float32)}};
  std::ranges::fill(tensors[0].value.data<double>(), number);
  std::ranges::fill(tensors[1].value.data<float>(), static_cast<float>(number));
  write_safetensors(file, tensors, {{"generation", std::to_string(number)}});
}

/// The generation of a file that is whole; -1 for a mixture.
int generation_of(const std::string& name) {
  const SafetensorsFile file(name);
  const int number = std::stoi(file.metadata().at("generation"));
  const Tensor a = file.read("a"), b = file.read("b");
  const bool whole = std::ranges::all_of(a.data<double>(), [&](double v) { return v == number; }) &&
                     std::ranges::all_of(b.data<float>(),
                                         [&](float v) { return v == static_cast<float>(number); });
  return whole ? number : -1;
}

/// Writes one generation after another until it is killed; the first has the given number. Says a
/// byte before, so that who kills it can wait until it has the processor.
[[noreturn]] void write_for_ever(const std::string& file, int number, int ready) {
  try {
    if (::write(ready, "", 1) != 1) ::_exit(1);
    for (;; ++number) write_generation(file, number);
  } catch (...) {
    ::_exit(1);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_kill)

BOOST_AUTO_TEST_CASE(no_kill_leaves_a_torn_file) {
  const int kills = std::getenv("DTHETA_LONG_TESTS") != nullptr ? 1000 : 50;
  const TempFolder folder;
  const std::string file = folder / "checkpoint";
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 12; ++i) write_generation(file, 0);
  // Kills fall into the first few generations, however slow the disk is; a child is slower than this,
  // as all pages that it writes to are copied first.
  const std::chrono::duration<double> a_few = std::chrono::steady_clock::now() - start;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> part(0, 1);
  int last = 0, while_writing = 0;
  for (int i = 0; i < kills; ++i) {
    int pipe[2];
    BOOST_REQUIRE(::pipe(pipe) == 0);
    const pid_t child = ::fork();
    BOOST_REQUIRE(child >= 0);
    if (child == 0) write_for_ever(file, last + 1, pipe[1]);
    char byte = 0;
    BOOST_REQUIRE(::read(pipe[0], &byte, 1) == 1);
    for (const int end : pipe) ::close(end);
    std::this_thread::sleep_for(a_few * part(random));
    ::kill(child, SIGKILL);
    int status = 0;
    BOOST_REQUIRE(::waitpid(child, &status, 0) == child);
    BOOST_REQUIRE(WIFSIGNALED(status));  // it wrote to the end, or to the kill

    const int now = generation_of(file);
    BOOST_TEST(now >= last, "generation " << now << " after " << last);
    last = now;
    // What was being written lies beside it and is in nobody's way.
    for (const auto& entry : std::filesystem::directory_iterator(folder / "")) {
      if (entry.path().filename() == "checkpoint") continue;
      ++while_writing;
      std::filesystem::remove(entry.path());
    }
  }
  // Else the kills fell between the writes, and nothing was seen.
  BOOST_TEST(last > 0);
  BOOST_TEST(while_writing >= kills / 10);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace dtheta::nn::test
