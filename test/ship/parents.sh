#!/bin/sh
# SPDX-License-Identifier: MIT
# Build avow as a part of another project, with many settings. Only its library
# must be built, no test may run, and only the program is installed, with the
# shared library if the program needs it.
#
#   parents.sh [--quick]   with all settings, or with the one that is built quickly
set -eu
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

mkdir -p "$work/subprojects/avow" "$work/subprojects/left" \
  "$work/subprojects/right"
git ls-files -co --exclude-standard | tar c -T - |
  tar x -C "$work/subprojects/avow"
cp test/ship/parents/* "$work"
for part in left right; do
  cp test/ship/parents/program.c "$work/subprojects/$part"
  cp test/ship/parents/part.build "$work/subprojects/$part/meson.build"
done
cd "$work"

fail() {
  echo "as a part of another project with $settings: $1" >&2
  exit 1
}

# INSTALLED [SETTING...]: builds, and compares what is installed.
try() {
  installed=$1
  shift
  settings=$*
  rm -rf build root
  meson setup build --force-fallback-for=avow "$@" >setup.log 2>&1 ||
    { cat setup.log; fail 'not configured'; }
  ninja -C build --quiet >ninja.log 2>&1 || { cat ninja.log; fail 'not built'; }
  for program in program subprojects/left/program subprojects/right/program; do
    build/$program >/dev/null || fail "$program fails"
  done

  built=$(grep -c '"file".*subprojects/avow/' build/compile_commands.json) ||
    fail 'avow is not built'
  of_library=$(grep -c '"file".*avow/src/' build/compile_commands.json)
  [ "$built" = "$of_library" ] || fail 'more is built than the library'
  grep -qi cmocka build/meson-logs/meson-log.txt && fail 'it looks for cmocka'
  meson test -C build --no-rebuild 2>&1 | grep -q 'No tests defined' ||
    fail 'it has tests'

  DESTDIR=$work/root meson install -C build --quiet >ninja.log
  found=$(cd root && find . ! -type d | sed 's,.*/,,' | sort | tr '\n' ' ')
  [ "$found" = "$installed " ] || fail "installed are $found"
}

try program -Ddefault_library=static -Dunity=on -Dunity_size=100 \
  -Dwerror=true -Dwarning_level=3 --buildtype=release -Db_ndebug=if-release
[ "${1:-}" = --quick ] ||
  try 'libavow.so libavow.so.0 libavow.so.0.1.0 program' -Dunity=subprojects \
    -Db_lto=true -Dc_std=gnu99 --buildtype=minsize
echo 'built as a part of other projects'
