#!/usr/bin/env bash
# The JSON of the program is what is stored in tests/cli/outputs/, byte for byte; and the script sees
# where it is not.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 tests/cli/outputs.py

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
sed 's/"failed": 1/"failed": 2/' tests/cli/outputs/compare_nan.json >"$planted/compare_nan.json"
if python3 tests/cli/outputs.py --stored "$planted" compare_nan >/dev/null; then
  echo "an output that is not as stored was not seen"
  exit 1
fi
