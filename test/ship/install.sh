#!/bin/sh
# SPDX-License-Identifier: MIT
# Install avow as README.md documents, and build programs with it: in C and C++,
# with the shared and the static library, with pkg-config and with CMake. The
# programs are also built after the prefix was moved. The script then builds the
# first programs of the adapters' pages, and avow as a part of other projects.
#
# shellcheck disable=SC2046,SC2086 # lists of flags
set -eu
cd "$(dirname "$0")/../.."
more='g++ cmake git libcurl4-openssl-dev libssl-dev openssl libnats-dev
  nats-server' . test/lib/packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=$(pwd)/test/ship/parents
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

cd "$work"
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

sh "$sources/../first_programs.sh"

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
done

cd "$sources/../../.."
sh test/ship/parents.sh --quick
echo 'avow installs, links, is found, and builds as a part of other projects'
