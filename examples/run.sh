#!/usr/bin/env bash
# The main job: trains a classifier on Fashion-MNIST and checks every gradient on the way. On a bare
# Debian 12 or 13 it installs what is missing first. Arguments go to the program: --quick, --help, ...
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/bootstrap.sh

need "${build_packages[@]}" dataset-fashion-mnist
configure build
build build examples/fashion_mnist
exec build/examples/fashion_mnist "$@"
