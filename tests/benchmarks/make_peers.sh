#!/bin/bash
# Makes virtual environments with the peers that the benchmarks compare with.
# Usage: tests/benchmarks/make_peers.sh FOLDER; then CAUDAL_PEERS=FOLDER python tests/benchmarks/run.py
set -euo pipefail
folder=${1:?a folder for the environments}
python=${PYTHON:-python3}
mkdir -p "$folder"
make() {
  [ -x "$folder/$1/bin/python" ] || "$python" -m venv "$folder/$1"
  "$folder/$1/bin/pip" install -q "${@:2}"
}
make tf2 tensorflow-cpu==2.21.0
make torch torch==2.13.0 numpy keras==3.15.1 --extra-index-url https://download.pytorch.org/whl/cpu
make jax jax
