#!/bin/sh
# SPDX-License-Identifier: MIT
# This script replaces node in tests that need it if no recent version is
# installed. It prints the reason.
if command -v node >/dev/null; then
  echo "skipped: needs Node 18 or newer, not $(node --version)"
else
  echo 'missing: node'
  [ -z "${CI:-}" ] || exit 1
fi
exit 77
