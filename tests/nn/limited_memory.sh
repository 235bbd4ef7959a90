#!/usr/bin/env bash
# A net whose activations are ten times the memory that there is trains in parts; as a whole it does not,
# and says so. Where memory is counted otherwise, as under the address sanitizer, nothing can be told.
set -euo pipefail
cd "$(dirname "$0")/../.."
program=${BUILD:-build}/tests/nn/larger_than_memory
export OPENBLAS_NUM_THREADS=1  # each thread's buffers are memory, too
limit=839843                   # kilobytes of 1024: a tenth of 8.6 GB of activations
if ! (ulimit -v 2000000 && "$program" 512) >/dev/null 2>&1; then
  echo "the program does not start within 2 GB, as with sanitizers"
  exit 77
fi
(ulimit -v $limit && timeout 120 "$program" 128)
whole=0
(ulimit -v $limit && timeout 120 "$program" 1) || whole=$?
if [ "$whole" = 124 ]; then
  echo "as a whole it asks for memory without end here, as OpenBLAS 0.3.29 does: that it trains in parts was seen"
  exit 77
fi
[ "$whole" = 3 ] || { echo "as a whole it ended with $whole, not for want of memory"; exit 1; }
