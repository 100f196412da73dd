#!/bin/sh
# SPDX-License-Identifier: MIT
# Build avow for other machines and run the core suite there:
#
#   machines.sh [i386|i386-asan|aarch64|s390x|windows]...
#
# Without a name all of them but i386, for i386-asan is the same watched by ASan
# and UBSan.
# For Debian 12 on x86-64, as root, for it installs compilers and emulators. The
# libraries of a machine are unpacked below $BUILD (build-machines), or built
# there from Debian's sources: nothing of another architecture is installed.
# Says at the end which passed.
set -eu
cd "$(dirname "$0")/../.."
all='i386-asan aarch64 s390x windows'
build=${BUILD:-build-machines}
# What qemu-i386 does as the machine would, and soon: no processes, no maps of
# memory, no hundred thousand levels.
emulated='base/alloc base/cacheline_pool base/list base/table value/sendable value/error
  value/value_misuse base/misuse fiber/stack engine/await_typed
  engine/async_cancel engine/async_misuse engine/cancel engine/cancel_reason
  engine/chain engine/virtual_clock engine/clock_end engine/combine engine/deadline
  engine/clock_model engine/gather engine/gather_hooks engine/leak_report
  engine/options engine/order engine/uv_phase engine/pool engine/promise
  trace/trace engine/loop_table engine/run engine/shield engine/timer_wheel
  engine/stackless engine/thenable engine/check_ownership engine/backtrace
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

# ARCHITECTURE COMMAND...: apt, with lists and a cache of its own, so that what
# is installed on this machine does not matter and does not change.
apt_for() {
  architecture=$1
  shift
  apt=$build/apt-$architecture
  mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial"
  : >"$apt/status"
  apt-get -qq -o Dir::State="$apt" -o Dir::State::status="$apt/status" \
    -o Dir::Cache="$apt/cache" -o APT::Architecture="$architecture" \
    -o APT::Architectures="$architecture" -o APT::Sandbox::User=root "$@"
}

# ARCHITECTURE PACKAGE...: unpacks them into a directory of their own.
unpack() {
  root=$build/root-$1
  [ ! -d "$root" ] || return 0
  apt_for "$1" update || true # one list of several, which may not be needed
  mkdir -p "$root.new"
  (cd "$root.new" && apt_for "$1" download "$2" "$3" "$4" "$5")
  for package in "$root.new"/*.deb; do
    dpkg -x "$package" "$root.new"
  done
  mv "$root.new" "$root"
}

# ARCHITECTURE TRIPLET CPU-FAMILY ENDIAN LOADER [EMULATOR]: a Meson cross file.
# Programs name their loader and where libraries are, so that an emulator need
# not pretend that the root of the file system is another one.
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

# MACHINE PATIENCE: builds, and runs the core suite with the time limits
# multiplied by PATIENCE. $watch: further options of meson setup; $only: these
# tests.
check() {
  [ -f "$build/$1/build.ninja" ] ||
    meson setup "$build/$1" --cross-file "$build/$1.ini" -Dtests=enabled \
      -Dwerror=true -Dexamples=false -Dbench=false ${watch:-} >/dev/null
  ninja -C "$build/$1" --quiet
  # shellcheck disable=SC2086 # a list of words
  meson test -C "$build/$1" --print-errorlogs --quiet \
    --timeout-multiplier="$2" ${only:---suite core}
}

# MACHINE PATIENCE ARCHITECTURE TRIPLET...
linux() {
  machine=$1
  patience=$2
  shift 2
  unpack "$1" libuv1 libuv1-dev libcmocka0 libcmocka-dev
  describe "$@" >"$build/$machine.ini"
  check "$machine" "$patience"
}

# Debian's sources of libuv and cmocka, from where the packages come from.
fetch_sources() {
  mkdir -p "$build/apt-sources"
  cp /etc/apt/sources.list.d/*.sources "$build/apt-sources" 2>&1 || true
  [ ! -s /etc/apt/sources.list ] ||
    cp /etc/apt/sources.list "$build/apt-sources/machine.list"
  for list in "$build/apt-sources"/*; do
    sed -i 's/^Types: deb$/Types: deb-src/; s/^deb /deb-src /' "$list"
  done
  mkdir -p "$build/sources"
  set -- -o Dir::Etc::sourcelist=/dev/null \
    -o Dir::Etc::sourceparts="$build/apt-sources"
  apt_for source "$@" update || true # one list of several
  (cd "$build/sources" && apt_for source "$@" source libuv1 cmocka >/dev/null)
}

# SOURCE CMAKE-OPTION...: installs it in $build/root-windows.
build_for_windows() {
  source=$(echo "$build/sources/$1"-*/)
  at=$build/windows-$1
  shift
  cmake -S "$source" -B "$at" -GNinja -DCMAKE_SYSTEM_NAME=Windows \
    -DCMAKE_C_COMPILER="$mingw-gcc-win32" -DCMAKE_RC_COMPILER="$mingw-windres" \
    -DCMAKE_C_FLAGS=-w -DCMAKE_SHARED_LINKER_FLAGS=-static-libgcc \
    -DCMAKE_INSTALL_PREFIX="$build/root-windows" "$@" >/dev/null 2>&1
  ninja -C "$at" install >/dev/null
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

# Wine's server stays, or each test would start it. What it starts of its own
# accord is started first, or it would hold on to the output of some test.
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
  # fails if there is one already
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

# Kernels may be built, or started, without.
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
      echo 'this kernel runs no 32-bit programs: qemu-i386 runs some suites'
      install_packages qemu-user-static
      only=$emulated
      linux i386 10 i386 i686-linux-gnu x86 little ld-linux.so.2 \
        qemu-i386-static
    fi
    ;;
  i386-asan)
    install_packages gcc-i686-linux-gnu libc6-dev-i386-cross
    if ! runs_i386; then
      echo 'without ASan, which does not run in an emulator:'
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
