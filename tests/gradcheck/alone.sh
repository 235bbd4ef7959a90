#!/usr/bin/env bash
# The checker is a library of its own: this compiles and links it from a copy of its folder, without
# autodiff or nn in sight, and uses it once.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
parts=(numeric judge diagnose report jacobian)
for part in . "${parts[@]}"; do
  mkdir -p "$work/gradcheck/$part"
  cp gradcheck/"$part"/*.hpp gradcheck/"$part"/*.cpp "$work/gradcheck/$part/"
done
{
  # Headers for test frameworks and Eigen need those.
  (cd "$work" && rm gradcheck/{gtest,catch2,doctest,eigen}.hpp &&
    find gradcheck -name '*.hpp' | sort | sed 's/.*/#include "&"/')
  cat <<'PROGRAM'
int main() {
  const double theta[] = {1.0}, right[] = {3.0}, wrong[] = {3.1};
  const auto cube = [](std::span<const double> t) { return t[0] * t[0] * t[0]; };
  using namespace dtheta::gradcheck;
  return check(cube, std::span(right), theta) && !check(cube, std::span(wrong), theta) ? 0 : 1;
}
PROGRAM
} >"$work/main.cpp"
${CXX:-g++} -std=c++20 -O0 -I"$work" "$work"/main.cpp "$work"/gradcheck/*.cpp "$work"/gradcheck/*/*.cpp -lfmt -pthread \
  -o "$work/alone"
"$work/alone"
