#!/bin/sh
# SPDX-License-Identifier: MIT
# ffi.sh LIBAVOW: check that a language can call avow, and be called by it, if
# it knows only the symbols.
set -eu
python3 "$(dirname "$0")/ffi.py" "$1"
command -v luajit >/dev/null || {
  echo 'missing: luajit'
  [ -z "${CI:-}" ] || exit 1
  exit 77
}
exec luajit "$(dirname "$0")/ffi.lua" "$1"
