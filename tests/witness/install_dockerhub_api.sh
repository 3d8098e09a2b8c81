#!/bin/sh
# Install the PyPI package dockerhub-api into .tools/dockerhub-api, apart from our own environment.
# Does nothing when what is there already matches the lock file. PYTHON names the interpreter to use.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
lock=$here/dockerhub-api.txt
venv=$(cd "$here/../.." && pwd)/.tools/dockerhub-api
installed=$venv/installed.txt

if cmp -s "$lock" "$installed"; then
    exit 0
fi

rm -rf "$venv"
mkdir -p "$(dirname "$venv")"
"${PYTHON:-python3}" -m venv "$venv"
# Wheels only: building a source package would run its code.
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r "$lock"
# Last, so that an interrupted installation is done again.
cp "$lock" "$installed"
