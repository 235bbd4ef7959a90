#!/usr/bin/env bash
# The C++ of README.md and docs/ stands in files that are compiled and run (pages.py says how that is
# compared). And the script sees a page that has gone its own way.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 tests/structure/pages.py

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted"/{docs,examples}
cp examples/{missing_term.cpp,meson.build} "$planted/examples/"
awk '/^```cpp$/ { on = 1 } on; on && /^```$/ { exit }' README.md >"$planted/README.md"
python3 tests/structure/pages.py "$planted" >/dev/null
sed -i 's/return {6 \* d/return {5 * d/' "$planted/README.md"
if python3 tests/structure/pages.py "$planted" >/dev/null; then
  echo "a line of README that is compiled nowhere was not seen"
  exit 1
fi
