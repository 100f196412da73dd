#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that avow works with musl. The script builds libuv, cmocka and avow with
# Debian's musl-gcc, avow as a checked library and for release. A program for
# musl loads one copy of the library, and then 100 copies. Then the core suites
# run:
#
#   musl.sh
#
# The sources of libuv and cmocka are those of the system's packages. If
# $LIBUV_GIT is set, the newest libuv of libuvs.txt is cloned from there. All
# results are in $BUILD (build-musl). The script ends with a table.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p "${BUILD:=build-musl}"
build=$(cd "$BUILD" && pwd)
root=$build/root
version=$(sed -n 's/^#define AVOW_VERSION *"\(.*\)"/\1/p' include/avow/config.h)

more='cmake git musl-tools' . test/lib/packages.sh
command -v musl-gcc >/dev/null || {
  say 'musl.sh needs musl-gcc, which is not installed; install musl-tools' \
    '(Debian, Ubuntu)'
  exit 1
}

# Runs apt with lists of its own, which name only sources.
apt() {
  apt-get -qq -o "Dir::Etc::SourceList=$build/apt/sources.list" \
    -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$build/apt/lists" \
    -o "Dir::Cache=$build/apt/cache" -o APT::Sandbox::User=root "$@"
}

# Assumes that each archive of packages also has their sources.
know_sources() {
  [ ! -f "$build/apt/sources.list" ] || return 0
  mkdir -p "$build/apt/lists/partial" "$build/apt/cache/archives/partial"
  # shellcheck disable=SC2016 # apt's own names
  apt-get indextargets 'Created-By: Packages' --format \
    '$(ORIGIN) $(LABEL) deb-src $(REPO_URI) $(CODENAME) $(COMPONENT)' |
    sed -n 's/^Debian Debian //p; s/^Ubuntu Ubuntu //p' |
    sort -u >"$build/apt/list"
  [ -s "$build/apt/list" ] || {
    say 'apt-get knows no archive of Debian or Ubuntu, where musl.sh gets the' \
      'sources of libuv and cmocka; add one to the sources of apt'
    exit 1
  }
  cp "$build/apt/list" "$build/apt/sources.list"
  apt update
}

# take_from_apt NAME PACKAGE: unpacks the source without Debian's changes.
take_from_apt() {
  know_sources
  (cd "$build/apt" && apt source --download-only "$2")
  tar -x -C "$build/source/$1" --strip-components=1 \
    -f "$(ls "$build/apt/$2"_*.orig.tar.?z)"
}

take_from_git() {
  commit=$(sed -n '$ s/.* //p' test/ship/libuvs.txt)
  git clone -q --bare "$LIBUV_GIT" "$build/git"
  git -C "$build/git" archive "$commit" | tar -x -C "$build/source/libuv"
}

# build_one NAME PACKAGE: builds it for musl and installs it in $root.
build_one() {
  [ ! -f "$build/$1.done" ] || return 0
  rm -rf "$build/source/$1" "$build/git"
  mkdir -p "$build/source/$1"
  if [ "$1" = libuv ] && [ -n "${LIBUV_GIT:-}" ]; then
    take_from_git
  else
    take_from_apt "$@"
  fi
  cmake -S "$build/source/$1" -B "$build/$1" -GNinja -DBUILD_TESTING=OFF \
    -DLIBUV_BUILD_TESTS=OFF -DWITH_EXAMPLES=OFF -DUNIT_TESTING=OFF \
    -DCMAKE_INSTALL_PREFIX="$root" -DCMAKE_INSTALL_LIBDIR=lib \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo
  ninja -C "$build/$1" install
  touch "$build/$1.done"
}

# quietly COMMAND...: shows the output only if the command fails. A failure ends
# this script.
quietly() {
  doing=$*
  "$@" >"$build/log" 2>&1
  doing=
}

exec 3>&2
doing=
trap '[ -z "$doing" ] || {
  tail -n 40 "$build/log"
  echo "musl.sh: this failed: $doing"
} >&3' EXIT

# musl lacks the kernel's headers. The headers of glibc must stay invisible.
show_headers() {
  mkdir -p "$build/headers"
  machine=$(gcc -print-multiarch)
  for name in linux asm-generic "$machine/asm"; do
    ln -sfn "/usr/include/$name" "$build/headers/$(basename "$name")"
  done
}

# library TYPE: prints the path of the shared library.
library() {
  suffix=-checked
  [ "$1" != release ] || suffix=
  echo "src/libavow$suffix.so.$version"
}

# build_avow TYPE
build_avow() {
  [ -f "$build/$1/build.ninja" ] ||
    meson setup "$build/$1" "--buildtype=$1" -Dtests=enabled -Dwerror=true \
      -Dexamples=false -Dbench=false
  python3 test/lib/programs.py "$build/$1" core >"$build/programs"
  xargs ninja -C "$build/$1" "$(library "$1")" <"$build/programs"
}

# load TYPE COPIES: loads copies in a program that is not linked with avow.
load() {
  rm -rf "$build/copies"
  mkdir "$build/copies"
  for i in $(seq "$2"); do
    cp "$build/$1/$(library "$1")" "$build/copies/$i.so"
  done
  "$build/loader" "$build"/copies/*.so
}

build_loader() {
  # shellcheck disable=SC2086 # lists of words
  musl-gcc -std=c11 -Wall -Wextra -Werror $CFLAGS -Iinclude -I"$root/include" \
    -o "$build/loader" test/ship/musl/loader.c $LDFLAGS -L"$root/lib" -luv
}

# row WHAT TYPE OUTCOME: adds a row to the table.
row() {
  printf '%-16s %-8s %s\n' "$@" >>"$build/table"
}

# try TYPE
try() {
  quietly build_avow "$1"
  for copies in 1 100; do
    outcome=passed
    load "$1" "$copies" || { outcome=FAILED && failed=1; }
    row "load $copies" "$1" "$outcome"
  done
  outcome=passed
  meson test -C "$build/$1" --no-rebuild --quiet --print-errorlogs \
    --timeout-multiplier="$PATIENCE" --suite core ||
    { outcome=FAILED && failed=1; }
  results=$build/$1/meson-logs/testlog.json
  passed=$(grep -c '"result": "OK"' "$results") || :
  row 'core suites' "$1" "$outcome: $passed of $(wc -l <"$results")"
}

# find_object.o has the function of glibc that Debian's libgcc needs. Each
# program and library is linked with it.
export CC=musl-gcc CXX=false CFLAGS="-idirafter $build/headers"
quietly show_headers
quietly musl-gcc -std=c11 -O2 -fPIC \
  -c test/ship/musl/find_object.c -o "$build/find_object.o"
quietly build_one libuv libuv1
quietly build_one cmocka cmocka
export LDFLAGS="$build/find_object.o -Wl,-rpath,$root/lib"
export CFLAGS="$CFLAGS -isystem $root/include" # no warnings about them
export PKG_CONFIG_LIBDIR="$root/lib/pkgconfig"
export PATIENCE=4 # a loop with io_uring starts slowly
quietly build_loader
failed=0
: >"$build/table"
for type in debug release; do
  try "$type"
done
cat "$build/table"
awk '{ row = $0; gsub(/  +/, " ", row); all = all (NR > 1 ? "; " : "") row }
  END { print "result: " all }' "$build/table"
exit $failed
