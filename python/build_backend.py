"""What pip builds the package with: meson-python, that of the system where there is one.

pip builds in an environment of its own, in which the system's packages are not to be seen, and fetches
what a build asks for. With Debian's python3-mesonpy and pybind11-dev there is nothing to fetch, so this
looks where they are first, and `pip install .` needs no network then.
"""

import importlib.util
import os
import subprocess
import sys

_SYSTEM = "/usr/lib/python3/dist-packages"


def _system_has_all():
    """Whether meson-python and pybind11 are the system's own, and this is the system's Python."""
    if sys.base_prefix != "/usr":
        return False
    if _SYSTEM not in sys.path:
        sys.path.append(_SYSTEM)
    if importlib.util.find_spec("mesonpy") is None:
        return False
    try:
        found = subprocess.run(["pkg-config", "--exists", "pybind11"], check=False)
    except OSError:
        return False
    return found.returncode == 0


def _backend():
    if _system_has_all():
        # What hides the system's packages hides Meson's from Meson, too.
        os.environ.pop("PYTHONPATH", None)
    import mesonpy

    return mesonpy


def _missing():
    return [] if _system_has_all() else ["meson-python>=0.12", "ninja", "pybind11>=2.10"]


def get_requires_for_build_wheel(config_settings=None):
    return _missing()


def get_requires_for_build_sdist(config_settings=None):
    return _missing()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _backend().build_wheel(wheel_directory, config_settings, metadata_directory)


def build_sdist(sdist_directory, config_settings=None):
    return _backend().build_sdist(sdist_directory, config_settings)
