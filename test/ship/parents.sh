#!/bin/sh
# SPDX-License-Identifier: MIT
# Build avow as a part of another project, with several settings. The build must
# contain only avow's library and no tests. It must install only the program,
# and the shared library if the program needs it.
#
#   parents.sh [--quick]   with all settings, or only with the fastest
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
  echo "test/ship/parents.sh: with $settings: $1" >&2
  exit 1
}

# try INSTALLED [SETTING...]: builds, and compares the installed files.
try() {
  installed=$1
  shift
  settings=$*
  rm -rf build root
  meson setup build --force-fallback-for=avow "$@" >setup.log 2>&1 ||
    { cat setup.log; fail 'meson setup fails'; }
  ninja -C build --quiet >ninja.log 2>&1 || { cat ninja.log; fail 'no build'; }
  for program in program subprojects/left/program subprojects/right/program; do
    build/$program >/dev/null || fail "$program fails"
  done

  built=$(grep -c '"file".*subprojects/avow/' build/compile_commands.json) ||
    fail 'the build lacks avow'
  of_library=$(grep -c '"file".*avow/src/' build/compile_commands.json)
  [ "$built" = "$of_library" ] || fail 'more than the library is built'
  grep -qi cmocka build/meson-logs/meson-log.txt && fail 'it needs cmocka'
  meson test -C build --no-rebuild 2>&1 | grep -q 'No tests defined' ||
    fail 'the project has tests of avow'

  DESTDIR=$work/root meson install -C build --quiet >ninja.log
  found=$(cd root && find . ! -type d | sed 's,.*/,,' | sort | tr '\n' ' ')
  [ "$found" = "$installed " ] || fail "the installed files are $found"
}

try program -Ddefault_library=static -Dunity=on -Dunity_size=100 \
  -Dwerror=true -Dwarning_level=3 --buildtype=release -Db_ndebug=if-release
[ "${1:-}" = --quick ] ||
  try "$(printf 'libavow-checked.%s ' so so.0 so.0.1.0)program" \
    -Dunity=subprojects -Db_lto=true -Dc_std=gnu99 --buildtype=minsize
echo 'avow builds as a part of other projects'
