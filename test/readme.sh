#!/bin/sh
# sh test/readme.sh all|one: installs avow as README.md says, line by line, for
# all users (as root, in a root that is there for it) or for one (in $HOME), and
# builds and starts README's first program. It writes into this very tree.
set -eu
cd "$(dirname "$0")/.."

# NAME: the block of README.md below <!-- NAME -->.
block() {
  awk -v mark="<!-- $1 -->" '
    $0 == mark { marked = 1 }
    /^```/ && inside { exit }
    inside { print; n++ }
    /^```/ && marked { inside = 1 }
    END { exit n == 0 }' README.md ||
    { echo "README.md has no block <!-- $1 -->" >&2; exit 1; }
}

block "first program" >first.c
block "install for $1" >install-lines
block 'build it' >build-lines
[ "$(id -u)" != 0 ] || sudo() { "$@"; }
trap '[ $? = 0 ] || tail -n 50 install.out' EXIT
set -x
. ./install-lines >install.out
. ./build-lines >first.out
set +x
cat first.out
[ "$(tail -n 1 first.out)" = '2 greeted, first one' ]
