# Sourced by tests/run.sh, examples/run.sh and benchmarks/run.sh: installs what is missing, configures
# and builds.

build_packages=(g++ meson ninja-build pkg-config libboost-dev libboost-test-dev
  libboost-program-options-dev libfmt-dev libopenblas-dev libopenblas0-pthread libeigen3-dev
  libhwy-dev libtbb-dev librandom123-dev nlohmann-json3-dev libzip-dev zlib1g-dev)

# What the tests need besides: other people's test data, random inputs for properties, the test
# frameworks that the checker has headers for, ranks, who uses an installed library, the Python module.
test_packages=(libonnx-dev libprotobuf-dev libonnx-testdata librapidcheck-dev libgtest-dev catch2
  doctest-dev libboost-mpi-dev libopenmpi-dev openmpi-bin cmake python3 python3-dev pybind11-dev python3-numpy python3-pytest python3-scipy)

installed_now=0

# need PACKAGE...: installs those that are not there yet; without any missing it needs no network.
# Where it cannot, it says in a sentence what to do.
need() {
  local missing=() package run=()
  if ! command -v apt-get >/dev/null; then
    echo "This system has no apt-get; install what Debian calls: $*" >&2
    return 0 # perhaps it is all there: Meson looks
  fi
  for package in "$@"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return
  if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; then
      echo "Packages are missing, and only root can install them: as root run" \
        "'apt-get install ${missing[*]}', then this again." >&2
      return 1
    fi
    run=(sudo)
  fi
  echo "installing: ${missing[*]}"
  # Lists that cannot be renewed may still do; what cannot be fetched fails below.
  "${run[@]}" apt-get update -qq || true
  if ! "${run[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y \
    --no-install-recommends "${missing[@]}" >/dev/null; then
    echo "Packages could not be installed (see above; without a network they cannot be fetched):" \
      "install ${missing[*]} yourself, then run this again." >&2
    return 1
  fi
  installed_now=1
}

# configure DIR OPTION...: sets a build folder up, or brings its options up to date.
configure() {
  local dir=$1 again=()
  shift
  if [ -f "$dir/build.ninja" ]; then
    meson configure "$dir" "$@" >/dev/null
    # Something that was not there has come, perhaps: Meson looks when it is told to.
    [ "$installed_now" -eq 1 ] || grep -qs . "$dir/tests/left_out.txt" || return 0
    again=(--reconfigure)
  fi
  meson setup "${again[@]}" "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log"; return 1; }
  rm -f "$dir.log"
}

# build DIR TARGET...: builds, and shows that it does: on a terminal in one line that stays, elsewhere
# in a line a minute. What the compilers say is in DIR/build.log, and is shown where they fail.
build() {
  local dir=$1 log=$1/build.log started=$SECONDS next=60 pid step
  shift
  ninja -C "$dir" "$@" >"$log" 2>&1 &
  pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    step=$(tail -n 1 "$log" 2>/dev/null | sed -nE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 of \2/p')
    [ -n "$step" ] || continue
    if [ -t 1 ]; then
      printf '\r\033[Kbuilding: step %s, %d s' "$step" $((SECONDS - started))
    elif [ $((SECONDS - started)) -ge $next ]; then
      echo "building: step $step"
      next=$((next + 60))
    fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  wait "$pid" || { tail -n 60 "$log"; return 1; }
}
