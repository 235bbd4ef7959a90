#!/usr/bin/env bash
# Includes run one way (the table is in includes.py); and the script sees one that does not.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 tests/structure/includes.py

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir -p "$planted"/gradcheck/{numeric,judge} "$planted"/{autodiff,nn}
echo '#include "gradcheck/judge/law.hpp"' >"$planted/gradcheck/numeric/slope.hpp"
touch "$planted/gradcheck/judge/law.hpp"
if python3 tests/structure/includes.py "$planted" >/dev/null; then
  echo "an include that runs upwards was not seen"
  exit 1
fi
