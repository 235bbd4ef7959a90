#!/usr/bin/env bash
# Installs what is built to a folder, and uses it there as somebody would: by pkg-config, by CMake, and
# as a subproject of Meson. Shared and static.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
build=${BUILD:-build}
if meson configure "$build" | grep -qE '^ +b_sanitize +(address|undefined)'; then
  echo "what is built with sanitizers is not for others to link"
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
version=$(sed -nE 's/.*VERSION_STRING "(.*)"/\1/p' "$build/dtheta/version.hpp")
series=${version%.*}
fail() {
  echo "$*"
  exit 1
}

names=(dtheta dtheta-gradcheck)
! compgen -G "$build/packaging/libdtheta-mpi.*.p" >/dev/null || names+=(dtheta-mpi)
libraries=()
for name in "${names[@]}"; do libraries+=("packaging/lib$name.a" "packaging/lib$name.so.$version"); done
ninja -C "$build" gradcheck/gradcheck "${libraries[@]}" >/dev/null
meson install -C "$build" --no-rebuild --destdir "$work/to" >/dev/null
pc=$(find "$work/to" -name dtheta.pc)
libdir=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH=$libdir/pkgconfig

for name in "${names[@]}"; do
  readelf -d "$libdir/lib$name.so" | grep -qF "[lib$name.so.$series]" || fail "lib$name.so: SONAME"
done
[ "$(pkg-config --modversion dtheta)" = "$version" ] || fail "pkg-config: version"

cat >"$work/use.cpp" <<'PROGRAM'
#include <cstdio>

#include "autodiff/autodiff.hpp"
#include "dtheta/version.hpp"
#include "gradcheck/bridge/network_check.hpp"
#include "nn/nn.hpp"

int main() {
  static_assert(DTHETA_VERSION >= 200);
  dtheta::Tape tape;
  const dtheta::Var x = tape.leaf(dtheta::Tensor(dtheta::Shape{2}, {1, 2}));
  const dtheta::Var cost = sum(square(x));
  const dtheta::gradcheck::CheckedLeaf leaf{"x", 0, x};
  std::puts(DTHETA_VERSION_STRING);
  return check_network(cost, std::span(&leaf, 1)) ? 0 : 1;
}
PROGRAM
cxx=${CXX:-g++}
# shellcheck disable=SC2046
$cxx -std=c++20 "$work/use.cpp" -o "$work/shared" $(pkg-config --cflags --libs dtheta) \
  "-Wl,-rpath,$libdir"
readelf -d "$work/shared" | grep -qF "[libdtheta.so.$series]" || fail "the shared library is not used"
[ "$("$work/shared")" = "$version" ] || fail "shared: what it prints"
# Additions of somebody's own: an op, a layer, a loss, an optimiser.
# shellcheck disable=SC2046
$cxx -std=c++20 tests/packaging/additions.cpp -o "$work/additions" \
  $(pkg-config --cflags --libs dtheta) "-Wl,-rpath,$libdir"
"$work/additions" >"$work/log" || { cat "$work/log"; fail "additions from outside the library"; }
# shellcheck disable=SC2046
$cxx -std=c++20 "$work/use.cpp" -o "$work/static" \
  $(pkg-config --cflags --libs dtheta | sed -E 's/-l(dtheta[a-z-]*)/-l:lib\1.a/g')
[ "$("$work/static")" = "$version" ] || fail "static: what it prints"

header=$(find "$work/to" -path '*/nn/distributed/mpi.hpp')
if [[ " ${names[*]} " == *" dtheta-mpi "* ]]; then
  cat >"$work/ranks.cpp" <<'PROGRAM'
#include <cstdio>

#include "nn/distributed/mpi.hpp"

int main(int argc, char** argv) {
  dtheta::nn::Mpi mpi(argc, argv);
  std::printf("%d of %d\n", mpi.team().rank(), mpi.team().size());
}
PROGRAM
  # shellcheck disable=SC2046
  $cxx -std=c++20 "$work/ranks.cpp" -o "$work/ranks" \
    $(pkg-config --cflags --libs dtheta-mpi) "-Wl,-rpath,$libdir"
  [ "$(OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 "$work/ranks")" = "0 of 1" ] ||
    fail "MPI: what it prints"
elif [ -n "$header" ]; then
  fail "nn/distributed/mpi.hpp is installed without its library"
fi

if command -v cmake >/dev/null; then
  mkdir "$work/cmake"
  cat >"$work/cmake/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.19)
project(use CXX)
find_package(dtheta 9.0 QUIET)
if(dtheta_FOUND)
  message(FATAL_ERROR "version 9.0 is found")
endif()
find_package(dtheta 0.1...0.1.9 QUIET)
if(dtheta_FOUND)
  message(FATAL_ERROR "a version up to 0.1.9 is found")
endif()
find_package(dtheta $series REQUIRED)
add_executable(use ../use.cpp)
target_link_libraries(use dtheta::dtheta)
CMAKE
  prefix=$(dirname "$(dirname "$(find "$work/to" -path '*/bin/gradcheck')")")
  cmake -G Ninja -S "$work/cmake" -B "$work/cmake/build" -DCMAKE_PREFIX_PATH="$prefix;$libdir/cmake" \
    -DCMAKE_CXX_COMPILER="$cxx" >"$work/log" 2>&1 || { cat "$work/log"; fail "CMake"; }
  cmake --build "$work/cmake/build" >"$work/log" 2>&1 || { cat "$work/log"; fail "CMake: build"; }
  [ "$("$work/cmake/build/use")" = "$version" ] || fail "CMake: what it prints"
fi

# As a subproject: the library, and no program.
mkdir -p "$work/super/subprojects"
ln -s "$root" "$work/super/subprojects/dtheta"
cat >"$work/super/meson.build" <<'MESON'
project('super', 'cpp', default_options : ['cpp_std=c++20'])
dtheta = dependency('dtheta', version : '>=0.2', fallback : ['dtheta'])
executable('use', 'use.cpp', dependencies : dtheta)
MESON
cp "$work/use.cpp" "$work/super/"
env -u PKG_CONFIG_PATH meson setup "$work/super/build" "$work/super" >"$work/log" 2>&1 ||
  { cat "$work/log"; fail "Meson: subproject"; }
meson introspect --targets "$work/super/build" | python3 -c '
import json, sys
programs = [t["name"] for t in json.load(sys.stdin) if t["type"] == "executable"]
sys.exit(0 if programs == ["use"] else f"a subproject builds {programs}")'

# The checker alone asks for fmt and threads, and has one library.
meson setup "$work/alone" -Dchecker_only=true >"$work/log" 2>&1 ||
  { cat "$work/log"; fail "the checker alone: Meson"; }
meson introspect --targets --dependencies "$work/alone" | python3 -c '
import json, sys
found = json.load(sys.stdin)
# Newer Mesons list what the build itself declares, too.
asked = sorted(d["name"] for d in found["dependencies"] if d.get("type") != "internal")
libraries = sorted(t["name"] for t in found["targets"])
if asked != ["fmt", "threads"] or libraries != ["dtheta-gradcheck", "dtheta_gradcheck"]:
    sys.exit(f"the checker alone: it asks for {asked} and builds {libraries}")'
[ -z "${DTHETA_LONG_TESTS-}" ] || {
  ninja -C "$work/alone" >"$work/log" 2>&1 || { cat "$work/log"; fail "the checker alone: build"; }
  meson install -C "$work/alone" --destdir "$work/checker" >/dev/null
  libdir=$(dirname "$(dirname "$(find "$work/checker" -name dtheta-gradcheck.pc)")")
  [ ! -e "$libdir/pkgconfig/dtheta.pc" ] || fail "the checker alone: all of dtheta"
  ! find "$work/checker" -path '*gradcheck/bridge*' | grep -q . || fail "the checker alone: bridge"
  # shellcheck disable=SC2046
  PKG_CONFIG_PATH=$libdir/pkgconfig $cxx -std=c++20 examples/jacobians.cpp -o "$work/jacobians" \
    $(PKG_CONFIG_PATH=$libdir/pkgconfig pkg-config --cflags --libs dtheta-gradcheck)
  "$work/jacobians" >/dev/null
  mkdir "$work/cmake-alone"
  cat >"$work/cmake-alone/CMakeLists.txt" <<CMAKE
cmake_minimum_required(VERSION 3.19)
project(use CXX)
find_package(dtheta $series REQUIRED)
if(TARGET dtheta::dtheta)
  message(FATAL_ERROR "there is a dtheta::dtheta")
endif()
add_executable(use $root/examples/jacobians.cpp)
target_link_libraries(use dtheta::gradcheck)
CMAKE
  cmake -G Ninja -S "$work/cmake-alone" -B "$work/cmake-alone/build" \
    -DCMAKE_PREFIX_PATH="$libdir/cmake" -DCMAKE_CXX_COMPILER="$cxx" >"$work/log" 2>&1 &&
    cmake --build "$work/cmake-alone/build" >"$work/log" 2>&1 &&
    "$work/cmake-alone/build/use" >/dev/null ||
    { cat "$work/log"; fail "the checker alone: CMake"; }
}
echo "installed and used: pkg-config, CMake, Meson"
