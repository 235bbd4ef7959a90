# Sourced by tests/run.sh and examples/run.sh: installs what is missing, configures and builds.

# Installs the Debian packages that are not there yet; without any missing it needs no network.
need() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  local sudo=
  [ "$(id -u)" -eq 0 ] || sudo=sudo
  echo "installing: ${missing[*]}"
  $sudo apt-get update -qq
  DEBIAN_FRONTEND=noninteractive $sudo apt-get install -qq -y --no-install-recommends \
    "${missing[@]}" >/dev/null
}

build_packages=(g++ meson ninja-build pkg-config libboost-dev libboost-test-dev
  libboost-program-options-dev libfmt-dev libopenblas-dev libopenblas0-pthread libeigen3-dev
  libhwy-dev libtbb-dev librandom123-dev nlohmann-json3-dev libzip-dev zlib1g-dev)

# What the tests need besides: other people's test data, random inputs for properties, and the test
# frameworks that the checker has headers for.
test_packages=(libonnx-dev libprotobuf-dev libonnx-testdata librapidcheck-dev libgtest-dev catch2
  doctest-dev)

# configure DIR OPTION...: sets a build folder up, or brings its options up to date.
configure() {
  local dir=$1
  shift
  if [ -f "$dir/build.ninja" ]; then
    meson configure "$dir" "$@" >/dev/null
  else
    meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; return 1; }
    rm -f "$dir.log"
  fi
}
