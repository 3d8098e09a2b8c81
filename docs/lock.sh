#!/bin/sh
# Lock the dependencies with hashes, without naming any index. Usage: docs/lock.sh path/to/uv
set -eu
uv=$1
lock() {
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-emit-index-url --no-emit-find-links "$@"
}
lock pyproject.toml -o requirements.txt
lock pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt
echo 'setuptools>=80' | lock - -o requirements-build.txt
