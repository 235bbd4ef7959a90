#pragma once

// What the main job has beside the network: its arguments, and the self-test of ops.

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "autodiff/ops/registry.hpp"
#include "autodiff/tape.hpp"
#include "gradcheck/bridge/ops/op_table.hpp"
#include "gradcheck/report.hpp"
#include "nn/data/dataset.hpp"

namespace main_job {

using namespace dtheta;
namespace po = boost::program_options;

struct Settings {
  bool quick = false;
  bool help = false;
  int epochs = 12;
  Index batch_size = 64;
  Index check_batch = 16;
  double lambda = 2.0;  // L2 penalty lambda / 2m over the m training examples
  double keep_prob = 0.8;
  std::string data = nn::fashion_mnist_directory;
  std::string report = "build/report";
};

inline Settings parse(int argc, char** argv) {
  Settings s;
  po::options_description options("usage: fashion_mnist [options]\n\noptions");
  options.add_options()("help,h", po::bool_switch(&s.help), "print this text")(
      "quick", po::bool_switch(&s.quick), "a taste in some seconds: fewer ops, two epochs")(
      "epochs", po::value(&s.epochs)->default_value(s.epochs), "passes over the training images")(
      "data", po::value(&s.data)->default_value(s.data), "folder of the four IDX files")(
      "report", po::value(&s.report)->default_value(s.report), "folder for the report");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (s.help) std::cout << options;
  if (s.quick && values["epochs"].defaulted()) s.epochs = 2;
  return s;
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The ops by which the network is computed and differentiated.
inline std::vector<const OpRecord*> ops_of(const Tape& tape) {
  std::set<const OpRecord*> used;
  for (std::uint32_t i = 0; i < tape.size(); ++i) {
    if (tape.node(i).role == Role::op) used.insert(tape.node(i).op);
  }
  std::vector<const OpRecord*> ops;
  for (const OpRecord* op : all_ops()) {
    if (used.contains(op)) ops.push_back(op);
  }
  return ops;
}

inline void write(const std::string& folder, const std::string& name, const std::string& text) {
  std::filesystem::create_directories(folder);
  std::ofstream(std::filesystem::path(folder) / name) << text;
}

/// Tests these ops, each on all of its samples, and writes a page of it. True if all pass.
inline bool check_ops(const std::vector<const OpRecord*>& ops, const Settings& s) {
  const auto start = std::chrono::steady_clock::now();
  const bool watched = gradcheck::is_terminal(stderr);
  std::size_t done = 0;
  const auto reports = gradcheck::self_test_all(
      ops, std::max(1U, std::thread::hardware_concurrency()), [&](const gradcheck::OpReport& r) {
        if (watched) fmt::print(stderr, "\r\033[Kops {}/{} {}", ++done, ops.size(), r.op);
      });
  if (watched) fmt::print(stderr, "\r\033[K");
  write(s.report, "ops.html", gradcheck::op_table_html(reports));

  bool good = true;
  std::size_t cases = 0;
  double worst = 0;
  for (const gradcheck::OpReport& r : reports) {
    cases += r.cases;
    worst = std::max(worst, r.difference);
    if (!r) std::cout << r;
    good &= static_cast<bool>(r);
  }
  fmt::print("{} ops, {} cases: {}; worst difference from a quad difference {:.1e}  ({:.1f} s)\n",
             ops.size(), cases, good ? "all pass" : "SOME FAIL", worst, seconds_since(start));
  return good;
}

}  // namespace main_job
