#include "program.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>  // mkdtemp, posix_openpt
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "tests/data/seed_network_expected.hpp"

namespace dtheta::cli_test {
namespace {

int wait_for(pid_t child) {
  int state = 0;
  if (waitpid(child, &state, 0) != child) throw std::runtime_error("the program was lost");
  return WIFEXITED(state) ? WEXITSTATUS(state) : 128 + WTERMSIG(state);
}

}  // namespace

Terminal::Terminal() : near_(posix_openpt(O_RDWR | O_NOCTTY)) {
  if (near_ < 0 || grantpt(near_) != 0 || unlockpt(near_) != 0) {
    throw std::runtime_error("no terminal");
  }
  file_ = ptsname(near_);
  far_ = open(file_.c_str(), O_RDWR | O_NOCTTY);
}

Terminal::~Terminal() {
  close(far_);
  close(near_);
}

std::string Terminal::read() const {
  fcntl(near_, F_SETFL, O_NONBLOCK);
  std::string text;
  std::array<char, 4096> buffer{};
  for (ssize_t n = 0; (n = ::read(near_, buffer.data(), buffer.size())) > 0;) {
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
  return text;
}

struct Running::Output {
  Folder folder;
  std::string out, err;
  bool keeps_out = false, keeps_err = false;
};

Running::Running(const Words& words, const Streams& streams) : output_(std::make_shared<Output>()) {
  output_->keeps_out = streams.out.empty();
  output_->keeps_err = streams.err.empty();
  output_->out = output_->keeps_out ? output_->folder / "out" : streams.out;
  output_->err = output_->keeps_err ? output_->folder / "err" : streams.err;
  Words all{GRADCHECK_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int to_write = O_WRONLY | O_CREAT | O_NOCTTY;
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, output_->out.c_str(), to_write, 0600);
  posix_spawn_file_actions_addopen(&files, 2, output_->err.c_str(), to_write, 0600);
  // Tests that run in the background ignore Ctrl-C; the program must not inherit that.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t defaults;
  sigemptyset(&defaults);
  sigaddset(&defaults, SIGINT);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int error =
      posix_spawn(&process_, all[0].c_str(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot run " + all[0]);
}

void Running::interrupt() const { kill(process_, SIGINT); }

Run Running::wait() {
  Run result;
  result.status = wait_for(process_);
  if (output_->keeps_out) result.out = cli_test::read(output_->out);
  if (output_->keeps_err) result.err = cli_test::read(output_->err);
  return result;
}

Run run(const Words& words, const std::string& out_file) {
  return Running(words, {out_file, {}}).wait();
}

Folder::Folder() {
  std::string name = (std::filesystem::temp_directory_path() / "dtheta-cli-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
  path_ = name;
}

Folder::~Folder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::size_t Folder::count() const {
  return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(path_),
                                                std::filesystem::directory_iterator()));
}

std::string read(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write(const std::string& file, std::string_view text) {
  std::ofstream(file, std::ios::binary) << text;
}

boost::test_tools::predicate_result has(std::string_view text,
                                        const std::vector<std::string>& parts) {
  for (const std::string& part : parts) {
    if (text.find(part) != std::string_view::npos) continue;
    boost::test_tools::predicate_result no(false);
    no.message() << "'" << part << "' is not in:\n" << text;
    return no;
  }
  return true;
}

std::string seed_file() { return DTHETA_TEST_DATA "/seed_network.npz"; }

std::vector<nn::NamedTensor> seed_arrays() { return nn::NpzFile(seed_file()).arrays(); }

Words seed_request(const Words& more, const std::string& file) {
  return Words{"network", file, "--activations", "relu,relu,sigmoid"} + more;
}

std::vector<nn::NamedTensor> seed_gradient_arrays() {
  std::vector<nn::NamedTensor> gradient;
  std::span<const double> rest(test::seed_gradient);
  for (const nn::NamedTensor& array : seed_arrays()) {
    if (array.name == "X" || array.name == "Y") continue;
    const auto size = static_cast<std::size_t>(array.value.size());
    gradient.push_back({"d" + array.name, Tensor(array.value.shape(), rest.first(size))});
    rest = rest.subspan(size);
  }
  return gradient;
}

Tensor& find(std::vector<nn::NamedTensor>& arrays, std::string_view name) {
  const auto at = std::ranges::find(arrays, name, &nn::NamedTensor::name);
  if (at == arrays.end()) throw std::runtime_error("no array " + std::string(name));
  return at->value;
}

Words operator+(Words a, const Words& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace dtheta::cli_test
