#!/usr/bin/env bash
# Attributes of ops compare bits (see attributes.py); and the script sees one that does not.
set -euo pipefail
cd "$(dirname "$0")/../.."
python3 tests/structure/attributes.py

planted=$(mktemp -d)
trap 'rm -rf "$planted"' EXIT
mkdir "$planted/autodiff"
cat >"$planted/autodiff/op.cpp" <<'OP'
struct Scale : Unary<Scale> {
  double factor = 1;
  friend constexpr bool operator==(const Scale&, const Scale&) = default;
};
OP
if python3 tests/structure/attributes.py "$planted" >/dev/null; then
  echo "an attribute that is a plain number was not seen"
  exit 1
fi
