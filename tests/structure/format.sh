#!/usr/bin/env bash
# Every source is as clang-format lays it out. Releases differ in details: it is that of Debian 12.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v clang-format >/dev/null || ! clang-format --version | grep -q 'version 14\.'; then
  echo "clang-format 14 is not there to say how sources are laid out"
  exit 77
fi
git ls-files -z '*.hpp' '*.cpp' '*.h' | xargs -0 clang-format --dry-run -Werror
echo "sources are laid out as clang-format does"
