#!/usr/bin/env bash
# The checker is a library of its own: a program that sees a copy of its headers and nothing of
# autodiff or nn is linked with all of the library, fmt and threads, and uses it once. That its
# sources do not include others' headers, tests/structure/includes.py holds.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/gradcheck"
(cd gradcheck && find . -path ./bridge -prune -o -path ./cli -prune -o -name '*.hpp' -print) |
  tar -C gradcheck -cf - -T - | tar -C "$work/gradcheck" -xf -
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
library=${BUILD:-build}/gradcheck/libdtheta_gradcheck.a
sanitizers=()
! nm -u "$library" 2>/dev/null | grep __asan_ >/dev/null || sanitizers=(-fsanitize=address,undefined)
${CXX:-g++} -std=c++20 -O0 "${sanitizers[@]}" -I"$work" "$work/main.cpp" \
  -Wl,--whole-archive "$library" -Wl,--no-whole-archive -lfmt -pthread -o "$work/alone"
"$work/alone"
