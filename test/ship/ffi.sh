#!/bin/sh
# SPDX-License-Identifier: MIT
# ffi.sh LIBAVOW: check that a language that knows only the symbols can call
# avow, and that avow can call the language.
set -eu
python3 "$(dirname "$0")/ffi.py" "$1"
command -v luajit >/dev/null || {
  echo 'missing: luajit'
  [ -z "${CI:-}" ] || exit 1
  exit 77
}
exec luajit "$(dirname "$0")/ffi.lua" "$1"
