#!/usr/bin/env bash
# examples/cnn in its quick form: the gradient passes, stripes are learned, and a run goes on from
# its checkpoint.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
ninja -C "$build" examples/cnn >/dev/null
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
first=$("$build"/examples/cnn --quick --checkpoint="$folder/run.safetensors")
accuracy=$(sed -nE 's/.*test accuracy ([0-9.]+)/\1/p' <<<"$first")
awk -v a="$accuracy" 'BEGIN { exit !(a > 0.9) }' || { echo "cnn: $first"; exit 1; }
second=$("$build"/examples/cnn --quick --checkpoint="$folder/run.safetensors")
grep -q '^resumed after step' <<<"$second" || { echo "cnn: $second"; exit 1; }
[ "$(sed -nE 's/.*test accuracy ([0-9.]+)/\1/p' <<<"$second")" = "$accuracy" ] || { echo "cnn: $second"; exit 1; }
