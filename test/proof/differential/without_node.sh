#!/bin/sh
# SPDX-License-Identifier: MIT
# Stands in for node in the tests that need it, where there is none that is new
# enough: says so.
if command -v node >/dev/null; then
  echo "skipped: Node 18 or newer is needed, here is $(node --version)"
else
  echo 'missing: node'
  [ -z "${CI:-}" ] || exit 1
fi
exit 77
