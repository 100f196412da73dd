#!/bin/sh
# SPDX-License-Identifier: MIT
# sh test/ship/readme.sh all|one: run the commands that install avow, then build
# and start README's first program. `all` installs for all users as README.md
# documents; run it as root in a root directory made for it. `one` installs in
# $HOME as docs/install.md documents. The script writes into this source tree.
set -eu
cd "$(dirname "$0")/../.."

. test/lib/block.sh

block "first program" README.md >first.c
case $1 in
all) block 'install for all' README.md ;;
*) block "install for $1" docs/install.md ;;
esac >install-lines
block 'build it' README.md | grep '^cc ' >build-lines
[ "$(id -u)" != 0 ] || sudo() { "$@"; }
trap '[ $? = 0 ] || tail -n 50 install.out' EXIT
set -x
. ./install-lines >install.out
. ./build-lines
python3 test/ship/first_program.py ./first
