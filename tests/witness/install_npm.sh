#!/bin/sh
# Install the npm package @stoplight/prism-cli, a mock server for OpenAPI documents, into .tools/prism.
# Does nothing when that version is there already.
set -eu

version=5.14.2
here=$(cd "$(dirname "$0")" && pwd)
prefix=$(cd "$here/../.." && pwd)/.tools/prism
installed=$prefix/installed.txt

if [ "$(cat "$installed" 2>/dev/null)" = "$version" ]; then
    exit 0
fi

rm -rf "$prefix"
mkdir -p "$prefix"
# No scripts: nothing of it needs to run code when it is installed.
npm install --prefix "$prefix" --no-save --no-audit --no-fund --ignore-scripts "@stoplight/prism-cli@$version"
# Last, so that an interrupted installation is done again.
echo "$version" >"$installed"
