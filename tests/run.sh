#!/usr/bin/env bash
# Builds and runs the tests. On a bare Debian 12 or 13 it installs what is missing first.
#
#   tests/run.sh [--long] [--werror] [--sanitize] [Boost.Test options]
#
#   --long      also the tests that take minutes, clang-tidy over the sources (tests/tidy.sh), and those on
#               other systems (tests/other_systems.sh)
#   --werror    warnings are errors
#   --sanitize  under AddressSanitizer and UndefinedBehaviorSanitizer, in build-sanitize/
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bootstrap.sh

build=build
options=(-Ddefault_library=both)
pass_on=()
for argument in "$@"; do
  case "$argument" in
    --long) export DTHETA_LONG_TESTS=1 ;;
    --werror) options+=(-Dwerror=true) ;;
    --sanitize)
      build=build-sanitize
      # Sanitised code makes the compiler see uninitialised values in Boost's headers. Vector code is
      # compiled for one instruction set: it is the same text for all, and takes minutes for each.
      options+=(-Doptimization=1 -Ddebug=true -Db_sanitize=address,undefined -Db_lundef=false
        -Dcpp_args=-DHWY_COMPILE_ONLY_STATIC)
      ;;
    *) pass_on+=("$argument") ;;
  esac
done

need "${build_packages[@]}" "${test_packages[@]}"
configure "$build" "${options[@]}"
build "$build" all-tests

passed=0
failed=0
skipped=0
reasons=()

# run_program PROGRAM: adds the counts of a test program to those of the closing line.
run_program() {
  local program=$1 log total good
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
}

# run_script SCRIPT: a test of its own. One that exits with 77 was left out, for the reason that is
# its last line.
run_script() {
  local status=0 log
  log=$(mktemp)
  BUILD=$build bash "$1" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
  case $status in
    0) passed=$((passed + 1)) ;;
    77)
      skipped=$((skipped + 1))
      reasons+=("1 test: ${1#tests/}: $(tail -n 1 "$log")")
      ;;
    *) failed=$((failed + 1)) ;;
  esac
  rm -f "$log"
}

for program in "$build"/tests/*/test_*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  echo "== ${program#"$build"/}"
  run_program "$program"
done
scripts=(tests/*/*.sh)
[ -z "${DTHETA_LONG_TESTS-}" ] || scripts+=(tests/tidy.sh tests/other_systems.sh)
for script in "${scripts[@]}"; do
  echo "== ${script#tests/}"
  run_script "$script"
done

# What Meson could not build, with as many cases as the sources have at least.
while IFS=: read -r folder reason; do
  [ -n "$folder" ] || continue
  cases=$(cat "tests/$folder"/*.cpp | grep -cE 'BOOST_[A-Z_]*TEST_CASE' || true)
  skipped=$((skipped + cases))
  reasons+=("$cases tests: tests/$folder is left out:$reason")
done <"$build/tests/left_out.txt"
[ ${#reasons[@]} -eq 0 ] || printf '%s\n' "${reasons[@]}"
closing="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || closing+=", $skipped skipped"
echo "$closing"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
