#!/bin/sh
# SPDX-License-Identifier: MIT
# Install a release build and the checked library in one prefix, as
# docs/install.md documents. Build programs with them: in C and C++, with the
# shared and the static library, with pkg-config and with CMake. The programs are
# also built after the prefix was moved. The script then builds the first
# programs of the adapters' pages, and avow as a part of other projects.
#
# shellcheck disable=SC2046,SC2086 # lists of flags
set -eu
cd "$(dirname "$0")/../.."
more='g++ cmake git libcurl4-openssl-dev libssl-dev openssl libnats-dev
  nats-server' . test/lib/packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(pwd)/test/ship
sources=$here/parents
. test/lib/block.sh
block 'install checked' docs/install.md >"$work/install-checked"
version=$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' \
  include/avow/config.h)
fail() {
  echo "test/ship/install.sh: $*" >&2
  exit 1
}

mkdir "$work/avow" "$work/home"
git ls-files -co --exclude-standard | tar c -T - | tar x -C "$work/avow"
HOME=$work/home sh "$work/avow/test/ship/readme.sh" one
prefix=$work/home/.local
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig" LD_RUN_PATH="$prefix/lib"

cd "$prefix"
for file in lib/libavow.a lib/libavow.so.0 include/avow.h \
  share/avow/avow-gdb.py lib/cmake/avow/avow-config.cmake \
  share/man/man3/avow_all.3; do
  [ -f "$file" ] || fail "$file is not installed"
done
[ "$(pkg-config --modversion avow)" = "$version" ] ||
  fail 'pkg-config reports another version'
readelf -d lib/libavow.so | grep -q 'SONAME.*\[libavow\.so\.0\]' ||
  fail 'libavow.so has another soname'
# The shared library exports what the headers declare.
! nm -D --defined-only lib/libavow.so | awk '{ print $3 }' |
  grep -v '^avow_[a-z]' || fail 'these symbols must not be exported'

# The checked library adds a file for each file of a library, and changes none.
find . ! -type d | sort >"$work/release"
find . -type f -exec sha256sum {} + >"$work/sums"
(cd "$work/avow" && HOME=$work/home . "$work/install-checked") >"$work/log" \
  2>&1 || { tail "$work/log"; fail 'the checked library does not install'; }
sha256sum --check --quiet "$work/sums" || fail 'it changes the release build'
sed -n 's,\(/lib/cmake/avow\)/avow,\1-checked/avow-checked,p; t
  s,^\(./lib/.*avow[a-z_-]*\)\.,\1-checked.,p
  s,^\(./share/gdb/.*/libavow\)\.,\1-checked.,p' "$work/release" |
  sort - "$work/release" >"$work/wanted"
find . ! -type d ! -name avow-latency.bt | sort | diff "$work/wanted" - ||
  fail 'the checked library has other files than the release build'

# gdb finds its script with the library, where it trusts the directory.
loaded=$(gdb --batch --nx -iex "set auto-load safe-path $prefix" \
  -iex "set auto-load scripts-directory $prefix/share/gdb/auto-load" \
  -ex 'help avow parked' "lib/libavow.so.$version" 2>&1 </dev/null) || :
case $loaded in
*'functions of all loops'*) ;;
*)
  [ -z "${CI:-}" ] || fail "gdb does not load its script: $loaded"
  echo "gdb does not load its script: $loaded"
  ;;
esac

cd "$work"
# chooses SUFFIX FLAG...: a program that is built with these flags must run with
# the libraries whose names have that suffix.
chooses() {
  suffix=$1
  shift
  cc "$here/misuse.c" -o chosen "$@"
  ldd chosen | sed -n 's/^[^a-z]*\(libavow[^ ]*\)\.so.*/\1/p' >loaded
  status=0
  ./chosen >out 2>err || status=$?
  if [ -n "$suffix" ]; then
    [ $status != 0 ] && ! grep -v -e "$suffix\$" loaded &&
      echo "$version (checked)" | diff - out &&
      grep -q '^avow: avow_timeout(): promise is NULL; pass a valid' err
  else
    [ $status = 0 ] && ! grep -e '-checked$' loaded && [ ! -s err ] &&
      printf '%s\nmisuse\n' "$version" | diff - out
  fi || { cat out err; fail "$* gives a program another library"; }
}
for suffix in '' -checked; do
  for library in avow avow-curl avow-nats avow-tls avow-sim; do
    chooses "$suffix" -Wl,--no-as-needed \
      $(pkg-config --cflags --libs $library$suffix)
  done
  chooses "$suffix" $(pkg-config --cflags avow$suffix) \
    "$prefix/lib/libavow$suffix.a" $(pkg-config --libs libuv)
done

dynamic=$(pkg-config --cflags --libs avow)
case $dynamic in
*-fstack-clash-protection*) ;;
*) fail 'no -fstack-clash-protection: frames may skip the guards of stacks' ;;
esac
archive="$(pkg-config --cflags avow)
  $(pkg-config --variable=libdir avow)/libavow.a"
static="$archive $(pkg-config --libs libuv)"
whole="-static $archive $(pkg-config --libs libuv-static)"
# try COMPILER SOURCE ARGUMENT...: builds a program in three ways, and runs it.
try() {
  compiler=$1
  source=$sources/$2
  shift 2
  "$compiler" "$@" "$source" -o shared $dynamic
  "$compiler" "$@" "$source" -o static $static
  "$compiler" "$@" "$source" -o whole $whole 2>whole.log || # warns of NSS
    { cat whole.log; fail "$compiler links no static program"; }
  for program in ./shared ./static ./whole; do
    $program >out || fail "$program, built with $compiler $*, fails"
  done
  ! readelf -d static | grep -q libavow || fail './static needs libavow.so'
  ! readelf -d whole | grep -q NEEDED || fail './whole needs shared libraries'
}
strict='-Wall -Wextra -pedantic-errors -Werror'
try cc program.c
try cc program.c -std=c11 -D_POSIX_C_SOURCE=200809L $strict
! cc -std=c11 -c "$sources/program.c" $dynamic 2>err ||
  fail '-std=c11 compiles without POSIX'
grep -q 'uv.h needs POSIX: pass -std=gnu11' err || fail 'no error about POSIX'
for compiler in g++ clang++; do
  command -v $compiler >/dev/null || {
    [ -z "${CI:-}" ] || fail "$compiler is not installed" # CI has all
    echo "$compiler is not installed"
    continue
  }
  for standard in c++17 c++20; do
    try $compiler program.cc -std=$standard $strict
    # The tests of the build compile each header separately.
    for header in "$prefix"/include/avow.h "$prefix"/include/avow/*.h \
      "$prefix"/include/avow.hpp; do
      [ "${header##*/}" = napi.h ] || # it needs Node's headers
        echo "#include \"$header\""
    done | $compiler -std=$standard $strict -fsyntax-only -x c++ - \
      $(pkg-config --cflags avow) || fail "headers are not $standard"
  done
done

sh "$here/first_programs.sh"

# configure PREFIX WANTED [PARTS]: configures the CMake project.
configure() {
  rm -rf cmake
  cmake -GNinja -S "$sources" -B cmake -DCMAKE_PREFIX_PATH="$1" \
    -DWANTED="$2" -DPARTS="${3:-flow;loops}" >cmake.log 2>&1
}
configure "$prefix" 99 && fail 'CMake accepts avow as version 99'
grep -q "requested version \"99\"" cmake.log || { cat cmake.log; exit 1; }
configure "$prefix" "$version" 'flow;rivers' && fail 'CMake accepts any part'
grep -q "built without 'rivers'" cmake.log || { cat cmake.log; exit 1; }
cp -a "$prefix" moved
rm moved/lib/libavow.so*
mkdir -p by-link/usr
cp -a "$prefix"/* by-link/usr
ln -s usr/lib by-link/lib
rm -r "$prefix/lib/cmake"
for at in "$work/moved" "$work/by-link"; do
  configure "$at" "$version" || { cat cmake.log; fail "no avow in $at"; }
  cmake --build cmake >cmake.log 2>&1 || { cat cmake.log; exit 1; }
  for program in found found_static by_pkg_config; do
    cmake/$program >out || fail "$program, built by CMake from $at, fails"
  done
  for program in chosen chosen_static; do
    ! cmake/$program >out 2>err || fail "$program of $at is not checked"
    grep -q ' (checked)$' out || fail "$program of $at does not run"
  done
done

cd "$here/../.."
sh test/ship/parents.sh --quick
echo 'avow installs, links, is found, and builds as a part of other projects'
