#!/usr/bin/env bash
# Prints this library's times beside those of hand-written steps and of other libraries. On a bare
# Debian 12 or 13 it installs what is missing first.
#
#   benchmarks/run.sh [--peers] [--growth] [--beside] [options of benchmarks/table.py]
#
#   --peers   build the other libraries' programs too, from packages of 2 GB with all they need
#   --growth  instead: cost for each record and parameter as tapes and checks grow
#   --beside  instead: compiling, starting, shipping, memory
#
# Of benchmarks/table.py: --quick, --case NAME, --threads N, --json FILE, --markdown FILE.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bootstrap.sh

options=()
packages=("${build_packages[@]}" python3)
targets=(benchmarks/dtheta benchmarks/floor)
what=table
pass_on=()
for argument in "$@"; do
  case "$argument" in
    --peers)
      options+=(-Dpeers=enabled)
      packages+=(libtorch-dev libdnnl-dev libdlib-dev libadolc-dev)
      targets+=(benchmarks/peers/{libtorch,onednn,dlib,adolc} benchmarks/beside_libtorch)
      ;;
    --growth) what=growth ;;
    --beside) what=beside ;;
    *) pass_on+=("$argument") ;;
  esac
done

need "${packages[@]}"
configure build "${options[@]}"
case "$what" in
  growth) targets=(benchmarks/growth) ;;
  beside) targets+=(benchmarks/beside_dtheta) ;;
esac
build build "${targets[@]}"

case "$what" in
  table) python3 benchmarks/table.py "${pass_on[@]}" ;;
  growth) build/benchmarks/growth "${pass_on[@]}" ;;
  beside) python3 benchmarks/beside.py "${pass_on[@]}" ;;
esac
