#!/usr/bin/env bash
# The tests of the Python module, with the interpreter that it was built for.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BUILD:-build}")
# Numbers of the tests are few: threads of NumPy would wait for each other more than they compute.
export BUILD=$build PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1
export PYTHONPATH=$build/python${PYTHONPATH:+:$PYTHONPATH}

leave_out() {
  echo "$*"
  exit 77
}

compgen -G "$build/python/dtheta/_dtheta*.so" >/dev/null ||
  leave_out "the Python module was not built: it takes pybind11-dev and python3-dev"
if meson configure "$build" | grep -qE '^ +b_sanitize +(address|undefined)'; then
  leave_out "a module with sanitizers cannot be loaded into a Python without"
fi
python=
for candidate in python3 /usr/bin/python3; do
  [ -n "$python" ] || ! "$candidate" -c 'import numpy, dtheta' 2>/dev/null || python=$candidate
done
[ -n "$python" ] || leave_out "the Python that the module was built for has no numpy (python3-numpy)"
"$python" -c 'import pytest' 2>/dev/null || leave_out "pytest is missing (python3-pytest)"

for package in scipy torch; do
  "$python" -c "import $package" 2>/dev/null ||
    echo "python3-$package is missing: the tests that need it are left out"
done
"$python" -m pytest -q -rs -p no:cacheprovider python/tests "$@"
