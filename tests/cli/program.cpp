#include "program.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>  // mkdtemp
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
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

Run run(const Words& words, const std::string& out_file) {
  const Folder folder;
  const std::string out = out_file.empty() ? folder / "out" : out_file, err = folder / "err";
  Words all{GRADCHECK_PROGRAM};
  all.insert(all.end(), words.begin(), words.end());
  std::vector<char*> arguments;
  for (std::string& word : all) arguments.push_back(word.data());
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  constexpr int to_write = O_WRONLY | O_CREAT;
  posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, 1, out.c_str(), to_write, 0600);
  posix_spawn_file_actions_addopen(&files, 2, err.c_str(), to_write, 0600);
  pid_t child = 0;
  const int error = posix_spawn(&child, all[0].c_str(), &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (error != 0) throw std::runtime_error("cannot run " + all[0]);
  Run result;
  result.status = wait_for(child);
  if (out_file.empty()) result.out = read(out);
  result.err = read(err);
  return result;
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
