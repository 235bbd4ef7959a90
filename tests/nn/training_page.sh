#!/usr/bin/env bash
# Every line of code on docs/training.md stands in a program that is compiled.
set -euo pipefail
cd "$(dirname "$0")/../.."
sources=(tests/nn/training_page.cpp examples/cnn.cpp examples/training_loop.cpp)
missing=0
while IFS= read -r line; do
  [ -n "${line// /}" ] || continue
  grep -qF -- "$line" "${sources[@]}" || { echo "docs/training.md: not compiled anywhere: $line"; missing=1; }
done < <(sed -n '/^```cpp$/,/^```$/p' docs/training.md | grep -v '^```')
exit $missing
