// A program under test of `gradcheck function`, good or bad in one way:
//
//   function_child MODE [--size N] [--sleep MS] [--log FILE]
//
// J(theta) = sum_i (i + 1) sin(theta_i). Without --size theta is W (2, 3) and b. FILE receives the
// number of its process and then a letter for each answer.
#include <signal.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <limits>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Settings {
  std::string mode;
  std::size_t size = 0;
  unsigned sleep = 0;
  std::string log;
};

Settings settings_of(const std::vector<std::string>& words) {
  Settings s;
  s.mode = words.at(0);
  for (std::size_t i = 1; i + 1 < words.size(); i += 2) {
    if (words[i] == "--size") s.size = std::stoul(words[i + 1]);
    if (words[i] == "--sleep") s.sleep = static_cast<unsigned>(std::stoul(words[i + 1]));
    if (words[i] == "--log") s.log = words[i + 1];
  }
  return s;
}

void wait_for_ever() {
  while (true) pause();
}

/// Ends when nobody listens.
void flood() {
  const std::string much(10000, '7');
  while (std::cout) std::cout << much;
  std::_Exit(6);
}

/// What a bad start looks like.
void start_badly(const std::string& mode) {
  if (mode == "hang-at-start") wait_for_ever();
  if (mode == "exit-at-start") std::_Exit(4);
  if (mode == "no-greeting") std::cout << "block W 1 0.5" << std::endl;
  if (mode == "other-version") std::cout << "gradcheck-function 2" << std::endl;
  if (mode == "slow-start") usleep(300000);
  if (mode == "talks-first") std::cout << "Loading weights ... done" << std::endl;
  if (mode == "mark") std::cout << "\xef\xbb\xbf";
  if (mode == "utf16") {
    for (const char c : std::string("\xff\xfeg\0r\0a\0d\0\n\0", 12)) std::cout << c;
    std::cout << std::endl;
  }
  if (mode == "endless-greeting") flood();
}

void say_hello(const Settings& s) {
  const std::string& mode = s.mode;
  std::cout << "gradcheck-function 1\n";
  if (mode == "bad-word") std::cout << "blocks W 3\n";
  if (mode == "bad-layer") std::cout << "layer one\n";
  if (mode == "bad-shape") std::cout << "block W 2*3 1 2 3 4 5 6\n";
  if (mode == "bad-value") std::cout << "block W 2 0.5 half\n";
  if (mode == "few-values") std::cout << "block W 3 0.5 0.25\n";
  if (mode == "huge-shape") std::cout << "block W 4000000000x4000000000\n";
  if (mode == "large-block") std::cout << "block w 268435456\nready" << std::endl;
  if (mode == "large-sum") {
    for (int k = 0; k < 5; ++k) std::cout << "block w" << k << " 2048x2048\n";
  }
  if (mode == "endless-block") {
    std::cout << "block w 3 ";
    flood();
  }
  if (mode == "endless-blocks") {
    while (std::cout)
      std::cout << "block some_rather_long_name_so_that_it_does_not_take_long" << rand() << " 0\n";
    std::_Exit(6);
  }
  if (mode == "twice-named") std::cout << "block W 1 0.5\nblock W 1 0.5\n";
  if (mode == "error-at-start") std::cout << "error no licence\n";
  if (mode == "no-block") {
    std::cout << "ready" << std::endl;
    return;
  }
  if (s.size > 0) {
    std::cout << "block theta " << s.size;
    for (std::size_t i = 0; i < s.size; ++i)
      std::cout << ' ' << 0.1 + 1e-3 * static_cast<double>(i % 900);
  } else if (mode == "no-values") {
    std::cout << "layer 1\nblock W 2x3\nblock b scalar";
  } else if (mode == "infinite-theta") {
    std::cout << "block W 2x2 1 2 -inf 4";
  } else if (mode == "random-start") {
    std::cout << "block W 1 " << getpid();
  } else if (mode == "odd-names") {
    std::cout << "block W\xff\x1b[31m<&> 2x3 0.1 0.2 0.3 0.4 0.5 0.6\nblock V[0]['w'] 1 1";
  } else if (mode == "fortran") {
    std::cout << "block W 2x3 1.0D-01 -0.2d0 .375D+00 4.0D-1 +0.5 0.6D0\nblock b scalar "
                 "0.1000000000+001";
  } else if (mode == "numpy") {
    std::cout << "block W 2x3 np.float64(0.1) np.float64(-0.2) 0.375 np.float64(4e-1) .5 .6\n"
                 "block b scalar np.float32(1)";
  } else {
    std::cout << "layer 1\nblock W 2x3 0.1 -0.2 0x1.8p-2 4e-1 +.5 6E-1\nlayer 2\nblock b scalar 1";
  }
  std::cout << '\n';
  if (mode == "no-gradient") std::cout << "gradient no\n";
  if (mode == "bad-gradient") std::cout << "gradient perhaps\n";
  std::cout << "ready" << std::endl;
}

/// What a bad answer looks like; returns for a good one.
void answer_badly(const std::string& mode, std::size_t number) {
  constexpr std::size_t late = 5;  // the first answers are good
  if (number < late) return;
  if (mode == "hang") wait_for_ever();
  if (mode == "crash") raise(SIGABRT);
  if (mode == "exit") std::_Exit(3);
  if (mode == "exit-with-words") {
    std::cout << "out of mem" << std::flush;
    std::_Exit(5);
  }
  if (mode == "close") {
    close(STDOUT_FILENO);
    wait_for_ever();
  }
  if (mode == "garble")
    std::cout << "Epoch 1: J = 3.25 \x1b[31m and so on, for more than a line of "
                 "sixty characters"
              << std::endl;
  if (mode == "two-numbers") std::cout << "1 2" << std::endl;
  if (mode == "empty-line") std::cout << std::endl;
  if (mode == "tensor") std::cout << "tensor(1.5000, dtype=torch.float64)" << std::endl;
  if (mode == "brackets") std::cout << "[1.5" << std::endl;
  if (mode == "comma") std::cout << "1,5" << std::endl;
  if (mode == "talks-between") std::cout << "iteration 3: loss went down" << std::endl;
  if (mode == "double-minus") std::cout << "--1" << std::endl;
  if (mode == "too-large") std::cout << "1e999" << std::endl;
  if (mode == "error") std::cout << "error the solver did not converge" << std::endl;
  if (mode == "unasked") std::cout << "1.5\n1.5\n1.5" << std::endl;
  if (mode == "flood") {
    while (std::cout) std::cout << "1234567890";
  }
}

double cost_of(const std::vector<double>& theta) {
  double cost = 0;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    cost += static_cast<double>(i + 1) * std::sin(theta[i]);
  }
  return cost;
}

std::vector<double> gradient_of(const std::vector<double>& theta, const std::string& mode) {
  std::vector<double> g;
  for (std::size_t i = 0; i < theta.size(); ++i) {
    g.push_back(static_cast<double>(i + 1) * std::cos(theta[i]));
  }
  if (mode == "wrong") g[5] += 0.5;
  if (mode == "twice") {
    for (double& v : g) v *= 2;
  }
  if (mode == "nan-gradient") g[2] = std::numeric_limits<double>::quiet_NaN();
  return g;
}

void serve(const Settings& s) {
  std::cout.precision(17);
  if (s.mode == "hex") std::cout << std::hexfloat;
  std::size_t number = 0;
  for (std::string line; std::getline(std::cin, line); ++number) {
    std::istringstream words(line);
    std::string question;
    words >> question;
    std::vector<double> theta;
    for (std::string word; words >> word;) theta.push_back(std::strtod(word.c_str(), nullptr));
    usleep(1000 * s.sleep);
    answer_badly(s.mode, number);
    const double cost = s.mode == "nan-cost" ? std::nan("") : cost_of(theta);
    if (s.mode == "numpy") {
      std::cout << "np.float64(" << cost << ")";
    } else if (s.mode == "fortran") {
      std::cout << cost / 10 << "D+01";
    } else {
      std::cout << cost;
    }
    if (question == "gradient") {
      std::vector<double> g = gradient_of(theta, s.mode);
      if (s.mode == "short") g.pop_back();
      if (s.mode == "long") g.push_back(0);
      for (const double v : g) std::cout << ' ' << v;
    }
    std::cout << std::endl;
    if (!s.log.empty()) std::ofstream(s.log, std::ios::app) << 'a' << std::flush;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Settings s = settings_of({argv + 1, argv + argc});
  if (!s.log.empty()) std::ofstream(s.log, std::ios::app) << getpid() << '\n' << std::flush;
  if (s.mode == "parent" && fork() == 0) {
    std::ofstream(s.log, std::ios::app) << getpid() << '\n' << std::flush;
    wait_for_ever();
  }
  if (s.mode == "talks") std::cerr << "words for people" << std::endl;
  start_badly(s.mode);
  say_hello(s);
  serve(s);
  if (s.mode == "stays") wait_for_ever();
  return 0;
}
