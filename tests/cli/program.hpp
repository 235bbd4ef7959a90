#pragma once

#include <sys/types.h>

#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "nn/data/npz.hpp"

/// The program `gradcheck`, run as a user would: its own process, its words, what it prints, its
/// exit status.
namespace dtheta::cli_test {

struct Run {
  int status = -1;  ///< 128 + n when signal n ended it
  std::string out;
  std::string err;
};

using Words = std::vector<std::string>;

/// Runs the program with these words. Standard output goes to `out_file` when one is given, and is
/// then not read back.
Run run(const Words& words, const std::string& out_file = {});

/// A terminal that a program can write to; what it wrote is read when it has ended.
class Terminal {
 public:
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// The file by which a program opens it.
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] std::string read() const;

 private:
  int near_ = -1;
  int far_ = -1;  // held open, so that nothing is lost when the program closes its own
  std::string file_;
};

/// A program under way.
class Running {
 public:
  /// Where its output goes; an empty name keeps it for `wait` to read.
  struct Streams {
    std::string out;
    std::string err;
  };
  explicit Running(const Words& words) : Running(words, Streams()) {}
  Running(const Words& words, const Streams& streams);
  void interrupt() const;  ///< as Ctrl-C does
  [[nodiscard]] pid_t process() const { return process_; }
  Run wait();

 private:
  struct Output;
  std::shared_ptr<Output> output_;
  pid_t process_ = 0;
};

/// A folder of its own for each test, removed at the end.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] std::string operator/(std::string_view name) const { return path_ / name; }
  [[nodiscard]] std::size_t count() const;

 private:
  std::filesystem::path path_;
};

std::string read(const std::string& file);
void write(const std::string& file, std::string_view text);

/// Whether `text` has all of the parts; prints the first that it has not.
boost::test_tools::predicate_result has(std::string_view text,
                                        const std::vector<std::string>& parts);

/// The reference network: its file, its arrays, and the activations that belong to it.
std::string seed_file();
std::vector<nn::NamedTensor> seed_arrays();
Words seed_request(const Words& more = {}, const std::string& file = seed_file());

/// The right gradient of the reference network as arrays dW1, db1, ...
std::vector<nn::NamedTensor> seed_gradient_arrays();
/// The array of that name, to be changed.
Tensor& find(std::vector<nn::NamedTensor>& arrays, std::string_view name);

Words operator+(Words a, const Words& b);

}  // namespace dtheta::cli_test
