#!/bin/sh
# Install npm packages that tests compare with into .tools/<folder>. Usage: install_npm.sh folder package@version...
# Does nothing when just these versions are there already.
set -eu

folder=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
prefix=$(cd "$here/../.." && pwd)/.tools/$folder
installed=$prefix/installed.txt

if [ "$(cat "$installed" 2>/dev/null)" = "$*" ]; then
    exit 0
fi

rm -rf "$prefix"
mkdir -p "$prefix"
# No scripts: nothing of it needs to run code when it is installed.
npm install --prefix "$prefix" --no-save --no-audit --no-fund --ignore-scripts "$@"
# Last, so that an interrupted installation is done again.
echo "$*" >"$installed"
