#!/usr/bin/env bash
# Builds and runs the tests. On a bare Debian 12 it installs what is missing first.
#
#   tests/run.sh [--long] [--sanitize] [Boost.Test options]
#
#   --long      also the tests that take minutes
#   --sanitize  under AddressSanitizer and UndefinedBehaviorSanitizer, in build-sanitize/
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bootstrap.sh

build=build
options=()
pass_on=()
for argument in "$@"; do
  case "$argument" in
    --long) export DTHETA_LONG_TESTS=1 ;;
    --sanitize)
      build=build-sanitize
      # Sanitised code makes the compiler see uninitialised values in Boost's headers. Vector code is
      # compiled for one instruction set: it is the same text for all, and takes minutes for each.
      options=(-Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false
        -Dwerror=false -Dcpp_args=-DHWY_COMPILE_ONLY_STATIC)
      ;;
    *) pass_on+=("$argument") ;;
  esac
done

need "${build_packages[@]}" "${test_packages[@]}"
configure "$build" "${options[@]}"
ninja -C "$build" tests/all >"$build/build.log" 2>&1 || { tail -n 60 "$build/build.log"; exit 1; }

# Every test program in turn; their counts are added up for the closing line.
passed=0
failed=0
for program in "$build"/tests/*/test_*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  echo "== ${program#"$build"/}"
  log=$(mktemp)
  "$program" --report_level=short --color_output=no "${pass_on[@]}" 2>&1 | tee "$log" || true
  total=$(sed -nE 's/.*[^0-9]([0-9]+) test cases? out of ([0-9]+) passed.*/\2/p' "$log" | tail -n 1)
  good=$(sed -nE 's/.*[^0-9]([0-9]+) test cases? out of ([0-9]+) passed.*/\1/p' "$log" | tail -n 1)
  if [ -z "$total" ]; then # it did not live to report
    echo "$program ended without a report"
    total=1
    good=0
  fi
  passed=$((passed + good))
  failed=$((failed + total - good))
  rm -f "$log"
done
for script in tests/*/*.sh; do
  echo "== ${script#tests/}"
  if bash "$script"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
