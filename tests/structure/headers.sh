#!/usr/bin/env bash
# docs/headers.md says what users can include; and the script sees a header that the page has not.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 tests/structure/headers.py

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
cp -r autodiff nn gradcheck docs tests "$planted"
printf '#pragma once\nnamespace dtheta {\n/// Nothing.\nint nothing();\n}\n' >"$planted/nn/nothing.hpp"
if python3 tests/structure/headers.py "$planted" >/dev/null; then
  echo "a header that the page does not have was not seen"
  exit 1
fi
