#!/bin/sh
# SPDX-License-Identifier: MIT
# Build avow for other machines and run the core suite on them:
#
#   machines.sh [i386|i386-asan|aarch64|s390x|riscv64|windows]...
#
# The default is all but i386, because i386-asan runs the same tests with ASan
# and UBSan.
#
# The script needs Debian 12 on x86-64 and root, because it installs compilers
# and emulators. It installs no packages of other architectures. Instead, it
# unpacks libraries below $BUILD (build-machines), or builds them there from
# Debian's sources. It ends with a list of results.
set -eu
cd "$(dirname "$0")/../.."
all='i386-asan aarch64 s390x riscv64 windows'
build=${BUILD:-build-machines}
# Suites that behave in qemu-i386 as on the machine and that are fast enough.
# Suites with processes, memory maps or 100,000 levels are left out.
emulated='base/alloc base/cacheline_pool base/list base/table value/sendable value/error
  value/value_misuse base/misuse fiber/stack engine/await_typed
  engine/async_cancel engine/async_misuse engine/cancel engine/cancel_reason
  engine/chain engine/virtual_clock engine/clock_end engine/combine engine/deadline
  engine/clock_model engine/gather engine/gather_hooks engine/leak_report
  engine/options engine/order engine/uv_phase engine/pool engine/promise
  trace/trace engine/loop_table engine/run engine/shield engine/timer_wheel
  engine/stackless engine/thenable engine/check_ownership engine/origin
  engine/unhandled engine/until engine/task channel/channel
  channel/channel_memory flow/select flow/select_end flow/stage
  flow/stage_map flow/stage_batch flow/stage_merge
  flow/stage_take flow/outcomes channel/source flow/sender
  tools/limit tools/limit_more tools/map flow/rate tools/retry flow/cache
  tools/group tools/each flow/once flow/broadcast flow/watch tools/auto
  sim/run sim/world sim/picks sim/machine sim/net sim/files sim/shrink
  tools/oom_tools uv/read uv/write uv/stream uv/reader stream/pump
  stream/duplex uv/fs uv/fs_io sys/match sys/glob sim/engine/order
  sim/engine/promise flow/stage_model flow/choices_model'
mkdir -p "$build"
build=$(cd "$build" && pwd)

. test/ship/archives.sh

# unpack ARCHITECTURE PACKAGE...: unpacks into a directory per architecture.
unpack() {
  root=$build/root-$1
  [ ! -d "$root" ] || return 0
  apt_for "$1" update || true # one of several lists may fail
  mkdir -p "$root.new"
  (cd "$root.new" && apt_for "$1" download "$2" "$3" "$4" "$5")
  for package in "$root.new"/*.deb; do
    dpkg -x "$package" "$root.new"
  done
  mv "$root.new" "$root"
}

# describe ARCHITECTURE TRIPLET CPU-FAMILY ENDIAN LOADER [EMULATOR]: prints a
# Meson cross file. Programs contain the paths of their loader and libraries, so
# an emulator needs no root directory of its own.
describe() {
  root=$build/root-$1/usr
  lib=$root/lib/$(echo "$2" | sed s/i686/i386/)
  cat <<END
[binaries]
c = '$2-gcc'
ar = '$2-ar'
strip = '$2-strip'
pkgconfig = 'pkg-config'
${6:+exe_wrapper = '$6'}
[properties]
${6:+needs_exe_wrapper = true}
pkg_config_libdir = '$lib/pkgconfig'
[built-in options]
c_args = ['-isystem', '$root/include']
c_link_args = ['-L$lib', '-Wl,-rpath,/usr/$2/lib:$lib',
  '-Wl,--dynamic-linker=/usr/$2/lib/$5']
[host_machine]
system = 'linux'
cpu_family = '$3'
cpu = '$3'
endian = '$4'
END
}

set_up() {
  [ -f "$build/$1/build.ninja" ] ||
    meson setup "$build/$1" --cross-file "$build/$1.ini" -Dtests=enabled \
      -Dwerror=true -Dexamples=false -Dbench=false ${watch:-} >/dev/null
}

# check MACHINE PATIENCE: builds, and runs the core suite with the time limits
# multiplied by PATIENCE.
#
# $watch: further options of meson setup. $only: tests to run in place of the
# core suite.
check() {
  set_up "$1"
  ninja -C "$build/$1" --quiet
  # shellcheck disable=SC2086 # a list of words
  meson test -C "$build/$1" --print-errorlogs --quiet \
    --timeout-multiplier="$2" ${only:---suite core}
}

# linux MACHINE PATIENCE ARCHITECTURE TRIPLET...
linux() {
  machine=$1
  patience=$2
  shift 2
  unpack "$1" libuv1 libuv1-dev libcmocka0 libcmocka-dev
  describe "$@" >"$build/$machine.ini"
  check "$machine" "$patience"
}

# build_source MACHINE SOURCE CMAKE-OPTION...: builds Debian's sources for a
# machine, and installs them in $build/root-MACHINE.
build_source() {
  source=$(echo "$build/sources/$2"-*/)
  at=$build/$1-$2
  prefix=$build/root-$1
  shift 2
  cmake -S "$source" -B "$at" -GNinja -DCMAKE_C_FLAGS=-w "$@" \
    -DCMAKE_INSTALL_PREFIX="$prefix" >/dev/null 2>&1
  ninja -C "$at" install >/dev/null
}

build_for_windows() {
  build_source windows "$1" -DCMAKE_SYSTEM_NAME=Windows \
    -DCMAKE_C_COMPILER="$mingw-gcc-win32" -DCMAKE_RC_COMPILER="$mingw-windres" \
    -DCMAKE_SHARED_LINKER_FLAGS=-static-libgcc "$2"
}

# Debian 12 has a compiler and a C library for riscv64, and no other packages.
riscv64() {
  [ -d "$build/sources" ] || fetch_sources
  for source in libuv1 cmocka; do
    [ -d "$build/riscv64-$source" ] ||
      build_source riscv64 "$source" -DCMAKE_SYSTEM_NAME=Linux \
        -DCMAKE_C_COMPILER=riscv64-linux-gnu-gcc \
        -DCMAKE_INSTALL_LIBDIR=lib/riscv64-linux-gnu \
        -DLIBUV_BUILD_TESTS=OFF -DWITH_EXAMPLES=OFF
  done
  ln -sfn . "$build/root-riscv64/usr" # where describe() expects the files
  describe riscv64 riscv64-linux-gnu riscv64 little ld-linux-riscv64-lp64d.so.1 \
    qemu-riscv64-static >"$build/riscv64.ini"
  set_up riscv64
  # Without scripts, which start programs without the emulator. It handles a
  # fault on the signal stack in another way.
  only=$(meson test -C "$build/riscv64" --list --suite core |
    sed -n 's|.* / \([a-z_]*/[a-z_]*\)$|\1|p' |
    grep -v '^fiber/overflow_handlers$')
  check riscv64 10
}

describe_windows() {
  cat <<END
[binaries]
c = '$mingw-gcc-win32'
ar = '$mingw-ar'
strip = '$mingw-strip'
windres = '$mingw-windres'
pkgconfig = 'pkg-config'
exe_wrapper = '/usr/lib/wine/wine64'
[properties]
pkg_config_libdir = '$build/root-windows/lib/pkgconfig'
[host_machine]
system = 'windows'
cpu_family = 'x86_64'
cpu = 'x86_64'
endian = 'little'
END
}

# Wine's server keeps running, because otherwise each test would start it. The
# script runs wineboot before the tests. Otherwise a test would start the same
# processes, which keep its output open.
windows() {
  mingw=x86_64-w64-mingw32
  [ -d "$build/sources" ] || fetch_sources
  [ -d "$build/windows-cmocka" ] || {
    build_for_windows libuv1 -DLIBUV_BUILD_TESTS=OFF
    build_for_windows cmocka -DWITH_EXAMPLES=OFF
  }
  describe_windows >"$build/windows.ini"
  export WINEPREFIX="$build/wine" WINEDEBUG=-all
  export WINEPATH="Z:$build/root-windows/bin"
  mkdir -p "$WINEPREFIX"
  # Fails if a server already runs.
  /usr/lib/wine/wineserver -p >/dev/null 2>&1 </dev/null || true
  /usr/lib/wine/wine64 wineboot >/dev/null 2>&1 </dev/null
  status=0
  check windows 4 || status=$?
  /usr/lib/wine/wineserver -k || true # it may have ended by itself
  return "$status"
}

install_packages() {
  more="$*" . test/lib/packages.sh
}

# A kernel may lack support for 32-bit programs.
runs_i386() {
  echo 'int main(void) { return 0; }' |
    i686-linux-gnu-gcc -static -x c - -o "$build/runs-i386"
  "$build/runs-i386" 2>/dev/null
}

test_machine() {
  case $1 in
  i386)
    install_packages gcc-i686-linux-gnu libc6-dev-i386-cross
    if runs_i386; then
      linux i386 1 i386 i686-linux-gnu x86 little ld-linux.so.2
    else
      echo 'this kernel runs no 32-bit programs; qemu-i386 runs some suites'
      install_packages qemu-user-static
      only=$emulated
      linux i386 10 i386 i686-linux-gnu x86 little ld-linux.so.2 \
        qemu-i386-static
    fi
    ;;
  i386-asan)
    install_packages gcc-i686-linux-gnu libc6-dev-i386-cross
    if ! runs_i386; then
      echo 'running without ASan, because ASan does not run in an emulator:'
      test_machine i386
      return
    fi
    watch='-Db_sanitize=address,undefined -Db_lundef=false'
    linux i386-asan 2 i386 i686-linux-gnu x86 little ld-linux.so.2
    ;;
  aarch64)
    install_packages gcc-aarch64-linux-gnu libc6-dev-arm64-cross \
      qemu-user-static
    linux aarch64 10 arm64 aarch64-linux-gnu aarch64 little \
      ld-linux-aarch64.so.1 qemu-aarch64-static
    ;;
  s390x)
    install_packages gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user-static
    linux s390x 10 s390x s390x-linux-gnu s390x big ld64.so.1 qemu-s390x-static
    ;;
  riscv64)
    install_packages gcc-riscv64-linux-gnu libc6-dev-riscv64-cross \
      qemu-user-static cmake dpkg-dev
    riscv64
    ;;
  windows)
    install_packages gcc-mingw-w64-x86-64-win32 wine64 cmake dpkg-dev
    windows
    ;;
  *)
    echo "no such machine: $1" >&2
    return 2
    ;;
  esac
}

if [ $# = 1 ]; then
  test_machine "$1"
  exit
fi

results=
failed=0
for machine in ${*:-$all}; do
  printf '\n== %s\n' "$machine"
  result=passed
  sh test/ship/machines.sh "$machine" || { result=FAILED; failed=1; }
  results="$results$machine: $result\n"
done
printf "\n$results"
printf "$results" | paste -s -d, | sed 's/^/result: /; s/,/, /g'
exit "$failed"
