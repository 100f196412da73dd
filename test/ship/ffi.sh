#!/bin/sh
# SPDX-License-Identifier: MIT
# ffi.sh LIBAVOW: can a language call avow that knows its symbols alone?
set -eu
command -v luajit >/dev/null || {
  echo 'missing: luajit'
  [ -z "${CI:-}" ] || exit 1
  exit 77
}
exec luajit "$(dirname "$0")/ffi.lua" "$1"
