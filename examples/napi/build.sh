#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the add-on at its place of installation by npm, against an installed
# avow, which it contains. NODE_INCLUDE is the directory of node_api.h, if it is
# not next to node. AVOW is avow, or avow-checked for the checked library.
set -eu
cd "$(dirname "$0")"
node=$(command -v node)
include=${NODE_INCLUDE:-$(dirname "$node")/../include/node}
if [ ! -f "$include/node_api.h" ]; then
  echo "no node_api.h in $include: install Node's headers" \
    "(libnode-dev on Debian), or set NODE_INCLUDE" >&2
  exit 1
fi
avow=${AVOW:-avow}
if ! pkg-config --exists "$avow"; then
  echo "pkg-config finds no $avow; install it (docs/install.md), or add the" \
    "directory of $avow.pc to PKG_CONFIG_PATH" >&2
  exit 1
fi
# shellcheck disable=SC2046 # a list of words
${CC:-cc} -O2 -Wall -Wextra -shared -fPIC files.c -o files.node \
  $(pkg-config --cflags "$avow") -I"$include" \
  "$(pkg-config --variable=libdir "$avow")/lib$avow.a"
