#!/bin/sh
# SPDX-License-Identifier: MIT
# The simulator is a separate library. libavow contains no part of it. Apart
# from names of avow and libuv, the simulator defines only sim_* names.
#
#   test_apart.sh LIBAVOW LIBAVOW_SIM
set -eu

# Prints the names that library $1 exports.
defined() {
  nm -g --defined-only "$1" | awk 'NF == 3 { print $3 }' | sort -u
}

fail() {
  echo "$1"
  exit 1
}

! defined "$1" | grep -E '^(sim_|uv_|avow_sim)' ||
  fail "these are in $1, which is to know nothing of the simulator"
! defined "$2" | grep -vE '^(sim_|uv_|avow_|DW[.]ref[.]|__x86[.]|_[.]stapsdt)' ||
  fail "these are in $2: names there begin with sim_"
defined "$2" | grep -qx uv_run || fail "$2 has no uv_run()"
