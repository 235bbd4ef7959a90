#!/usr/bin/env bash
# examples/distributed under mpirun: the same weights and results for every number of ranks, a run
# that goes on with another number, and what is said where a rank dies or hangs.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
if ! ninja -C "$build" -t query examples/distributed >/dev/null 2>&1; then
  echo "Boost.MPI and an MPI are missing, or -Dmpi=disabled"
  exit 77
fi
if ! command -v mpirun >/dev/null; then
  echo "there is no mpirun"
  exit 77
fi
ninja -C "$build" examples/distributed >/dev/null
program=$build/examples/distributed
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# More ranks than cores, as root, in a container: none of this is what mpirun expects.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl_vader_single_copy_mechanism=none
export PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe # what Open MPI 5 starts processes with
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_hwloc_base_binding_policy=none

fail() {
  echo "distributed: $1"
  cat "$folder"/*.txt
  exit 1
}

# results FILE: what must be the same for all: all lines but those about who did it.
results() { grep -E '^(  epoch|dθ|test accuracy)' "$1"; }

"$program" --quick >"$folder/1.txt" || fail "one rank without mpirun"
grep -q 'gradient check: pass' "$folder/1.txt" || fail "the gradient was not passed"
for ranks in 2 3 4; do
  timeout 200 mpirun -n $ranks "$program" --quick --checkpoint="$folder/$ranks" \
    >"$folder/$ranks.txt" 2>&1 || fail "$ranks ranks"
  grep -q "$ranks ranks" "$folder/$ranks.txt" || fail "mpirun started no $ranks ranks"
  diff <(results "$folder/1.txt") <(results "$folder/$ranks.txt") || fail "$ranks ranks are not one"
done

# killed SIGNAL: three ranks train for long, and one gets a signal in the middle of it.
killed() {
  local signal=$1 job victim
  rm -f "$folder/mid"
  timeout 200 mpirun -n 3 "$program" --quick --epochs=10000 --patience=3 --checkpoint="$folder/mid" \
    >"$folder/killed.txt" 2>&1 &
  job=$!
  until grep -q 'epoch' "$folder/killed.txt"; do
    kill -0 $job 2>/dev/null || fail "it ended before it could be killed"
    sleep 0.02
  done
  # The last of this mpirun's own children.
  victim=$(pgrep -f -- "--checkpoint=$folder/mid" | xargs -n 1 ps -o pid=,comm= -p |
    awk '$2 == "distributed" { p = $1 } END { print p }')
  kill -"$signal" "$victim"
  killed_at=$(date +%s)
  status=0
  wait $job || status=$?
  [ $status -ne 0 ] || fail "it ended well though a rank got SIG$signal"
  [ $(($(date +%s) - killed_at)) -le 20 ] || fail "the others did not end within seconds"
}

# By default mpirun ends the others, and says which rank died of what.
killed KILL
tr -s '\n' ' ' <"$folder/killed.txt" | grep -qE 'rank [0-2].*exited on signal 9' || fail "mpirun did not say who died"

# What was saved goes on with two ranks, to the bits of a run that was never stopped.
epochs=$(($(grep -c '^  epoch' "$folder/killed.txt") + 2))
timeout 200 mpirun -n 2 "$program" --quick --epochs=$epochs --checkpoint="$folder/mid" \
  >"$folder/resumed.txt" 2>&1 || fail "resuming with two ranks"
grep -q '^resumed after step' "$folder/resumed.txt" || fail "nothing was resumed"
"$program" --quick --epochs=$epochs >"$folder/whole.txt" || fail "one rank, $epochs epochs"
diff <(grep '^test accuracy' "$folder/whole.txt") <(grep '^test accuracy' "$folder/resumed.txt") ||
  fail "the resumed run ends elsewhere"

# A rank that hangs is noticed by nobody but the others.
killed STOP
grep -qE 'rank [01] of 3: waited 3 s for .* from rank 2, which is gone or hangs' \
  "$folder/killed.txt" || fail "the others did not say whom they waited for"
