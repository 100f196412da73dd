#!/bin/sh
# SPDX-License-Identifier: MIT
# Install what the core needs, and run its tests, on a system that the other
# scripts do not have:
#
#   core_suite.sh macos    with Homebrew
#   core_suite.sh alpine   as root
#   core_suite.sh mingw    in a shell of MSYS2 (UCRT64)
#   core_suite.sh msvc     in any shell with Python, such as that of Git
#
# Where the system has no package of libuv or cmocka, Meson downloads and builds
# it.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build-core}
case ${1:?} in
macos)
  brew install meson ninja pkg-config libuv cmocka
  set --
  ;;
alpine)
  apk add gcc musl-dev meson pkgconf libuv-dev cmocka-dev python3 linux-headers
  # musl has no makecontext(), which processors without assembly need.
  case $(uname -m) in
  x86_64 | aarch64) set -- ;;
  *) set -- -Dasync=disabled ;;
  esac
  ;;
mingw)
  pacman --noconfirm -S --needed "$MINGW_PACKAGE_PREFIX-gcc" \
    "$MINGW_PACKAGE_PREFIX-meson" "$MINGW_PACKAGE_PREFIX-pkgconf" \
    "$MINGW_PACKAGE_PREFIX-libuv" "$MINGW_PACKAGE_PREFIX-cmocka"
  set --
  ;;
msvc)
  python -m pip install meson ninja
  set -- --vsenv
  ;;
*)
  sed -n 's/^# *\(core_suite.sh [a-z].*\)/\1/p' "$0" >&2
  exit 2
  ;;
esac
[ -f "$build/build.ninja" ] ||
  meson setup "$build" -Dtests=enabled -Dsimulator=disabled -Dexamples=false \
    -Dbench=false -Dcurl=disabled -Dnats=disabled -Dtls=disabled "$@"
meson compile -C "$build"
meson test -C "$build" --no-rebuild --print-errorlogs --suite core \
  --timeout-multiplier 3
