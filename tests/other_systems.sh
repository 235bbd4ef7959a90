#!/usr/bin/env bash
# Other systems and other compilers, each from nothing: a Debian release in a folder of its own, where
# warnings are errors. `tests` builds all and runs the tests, which takes about half an hour on two cores,
# so tests/run.sh comes here with --long only; `sources` sends the sources of the libraries and the
# checker's tests through the front end of the compiler (tests/front_end.py), which takes less.
#
#   tests/other_systems.sh [RELEASE:COMPILER[:WHAT]...]     all of the matrix below, without arguments
#
# The folders stay under DTHETA_SYSTEMS (/var/tmp/dtheta-systems), so that a second time takes less.
# As a test of tests/run.sh it exits with 77 where it cannot be carried out, and says why.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bootstrap.sh

matrix=(bookworm:g++-12:tests trixie:g++-14:tests
  bookworm:clang++-14:sources bookworm:clang++-16:sources
  trixie:g++-12:sources trixie:g++-13:sources trixie:clang++-19:sources)
[ $# -eq 0 ] || matrix=("$@")
systems=${DTHETA_SYSTEMS:-/var/tmp/dtheta-systems}

if [ "$(id -u)" -ne 0 ]; then
  echo "other systems need root, for chroot"
  exit 77
fi
if [ -n "${DTHETA_OTHER_SYSTEM-}" ]; then
  echo "this is one of the other systems"
  exit 77
fi
if ! unshare --mount true 2>/dev/null; then
  echo "other systems need the right to mount, which this container does not give (unshare --mount)"
  exit 77
fi
if ! need debootstrap; then
  echo "other systems need debootstrap, which could not be installed"
  exit 77
fi

# bare RELEASE: makes the folder of a release, unless it is there.
bare() {
  local release=$1 dir=$systems/$1
  [ -f "$dir/.complete" ] && return
  rm -rf "$dir"
  mkdir -p "$systems"
  debootstrap --variant=minbase "$release" "$dir" >"$systems/$release.log" 2>&1 ||
    { tail -n 20 "$systems/$release.log"; return 1; }
  # Nothing is lost with a folder that can be made anew: no file has to reach the disk at once.
  echo force-unsafe-io >"$dir/etc/dpkg/dpkg.cfg.d/unsafe-io"
  cp /etc/resolv.conf "$dir/etc/resolv.conf" 2>/dev/null || true
  touch "$dir/.complete"
}

# in_system RELEASE COMMAND...: runs it there, with /proc, terminals and shared memory.
in_system() {
  local dir=$systems/$1
  shift
  unshare --mount sh -c 'mkdir -p "$0/dev/shm" && mount -t proc proc "$0/proc" &&
    mount -t devpts devpts "$0/dev/pts" && mount -t tmpfs tmpfs "$0/dev/shm" &&
    exec chroot "$0" "$@"' "$dir" \
    env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
    LC_ALL=C.UTF-8 DTHETA_OTHER_SYSTEM=1 "$@"
}

# package_of COMPILER: clang++-19 is in clang-19.
package_of() { echo "${1/clang++/clang}"; }

# copy_to DIR: what is tracked or new here. What was copied before and is gone here goes; builds stay and
# are brought up to date: a file that is another than before is as new as the copy.
copy_to() {
  local dir=$1 file
  mkdir -p "$dir"
  rm -rf "$dir.new"
  mkdir "$dir.new"
  comm -z -23 <(git ls-files -z --cached --others --exclude-standard | sort -z) \
    <(git ls-files -z --deleted | sort -z) |
    tar --null --files-from=- -cf - | tar -xmf - -C "$dir.new"
  (cd "$dir.new" && find . -type f -print0) | while IFS= read -r -d '' file; do
    if cmp -s "$dir/$file" "$dir.new/$file"; then touch -r "$dir/$file" "$dir.new/$file"; fi
  done
  find "$dir" -mindepth 1 -maxdepth 1 ! -name 'build*' -exec rm -rf {} +
  find "$dir.new" -mindepth 1 -maxdepth 1 -exec mv -t "$dir" {} +
  rmdir "$dir.new"
}

results=()
failed=0
for entry in "${matrix[@]}"; do
  IFS=: read -r release compiler what <<<"$entry"
  what=${what:-tests}
  case $what in
    tests) command='exec bash tests/run.sh --werror' ;;
    sources)
      # shellcheck disable=SC2016
      command='. tests/bootstrap.sh && need "${build_packages[@]}" "${test_packages[@]}" &&
        configure build -Dwerror=true &&
        exec python3 tests/front_end.py build autodiff dtheta gradcheck nn tests/gradcheck'
      ;;
    *)
      echo "$entry: 'tests' or 'sources', not '$what'"
      exit 1
      ;;
  esac
  echo "== $release, $compiler, $what"
  if ! bare "$release"; then
    echo "Debian $release could not be fetched (see above; is there a network?)"
    exit 77
  fi
  there=/root/dtheta-$compiler
  copy_to "$systems/$release$there"
  in_system "$release" sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install \
    -qq -y --no-install-recommends $(package_of "$compiler") >/dev/null"
  log=$systems/$release-$compiler.log
  if in_system "$release" env CXX="$compiler" bash -c "cd $there && $command" >"$log" 2>&1; then
    results+=("$entry: $(tail -n 1 "$log")")
  else
    failed=1
    results+=("$entry: FAILED, see $log: $(tail -n 1 "$log")")
  fi
  echo "${results[-1]}"
done
printf '%s\n' "${results[@]}"
exit $failed
