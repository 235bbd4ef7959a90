#!/usr/bin/env bash
# clang-tidy finds nothing of what .clang-tidy asks for, in the sources of the library, the program and
# the examples. `tests/tidy.sh FILE...` looks at these alone.
set -euo pipefail
cd "$(dirname "$0")/.."
build=${BUILD:-build}
if ! command -v clang-tidy >/dev/null || ! clang-tidy --version | grep -q 'version 14\.'; then
  echo "clang-tidy 14 is not there to look at the sources"
  exit 77
fi
sources=("$@")
[ $# -gt 0 ] || mapfile -t sources < <(git ls-files 'autodiff/*.cpp' 'nn/*.cpp' 'gradcheck/*.cpp' 'examples/*.cpp')
# The options are those of GCC, of which clang does not know all.
printf '%s\0' "${sources[@]}" |
  xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$build" \
    --extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-everything 2>/dev/null
echo "clang-tidy finds nothing in ${#sources[@]} sources"
