#!/usr/bin/env bash
# Every line of code on docs/jacobians.md stands in a program that is compiled.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources=(examples/jacobians.cpp tests/frameworks/with_gtest.cpp tests/jacobian/eigen.cpp
  tests/jacobian/cost_function.cpp)
missing=0
while IFS= read -r line; do
  [ -n "${line// /}" ] || continue
  grep -qF -- "$line" "${sources[@]}" || { echo "docs/jacobians.md: not compiled anywhere: $line"; missing=1; }
done < <(sed -n '/^```cpp$/,/^```$/p' docs/jacobians.md | grep -v '^```')
exit $missing
