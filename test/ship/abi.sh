#!/bin/sh
# SPDX-License-Identifier: MIT
# Report the changes of the ABI since a commit, by default the last one. The
# script builds the library of that commit and of HEAD, and abidiff (Debian's
# abigail-tools) compares them. After the first release, an incompatible change
# is a failure unless the soname changes too. Before 0.1.0, any change is
# allowed.
#
#   abi.sh [COMMIT]
set -eu
cd "$(dirname "$0")/../.."
more='abigail-tools git' . test/lib/packages.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
parts='include src meson.build meson_options.txt'

fail() {
  echo "test/ship/abi.sh: $*" >&2
  exit 1
}

# build before|after: builds the library from the current sources.
build() {
  ninja -C "$work/build" >"$work/log" 2>&1 ||
    { tail -n 20 "$work/log"; fail "the library $1 the change does not build"; }
  cp "$work/build/src/libavow.so" "$work/$1"
  cp -R "$work/tree/include" "$work/$1-headers"
}

# soname before|after
soname() {
  readelf -d "$work/$1" | sed -n 's/.*SONAME.*\[\(.*\)\]/\1/p'
}

commit=${1:-HEAD^}
git rev-parse -q --verify "$commit^{commit}" >/dev/null || {
  [ $# = 0 ] || fail "commit $commit does not exist"
  echo "not compared: this clone lacks the commit $commit"
  exit
}
# shellcheck disable=SC2086 # a list of words
git diff --binary "$commit" HEAD -- $parts >"$work/change"
[ -s "$work/change" ] || {
  echo "the library has not changed since $commit"
  exit
}
mkdir "$work/tree"
git archive "$commit" | tar -C "$work/tree" -x
meson setup "$work/build" "$work/tree" --buildtype=debug \
  -Db_ndebug=true -Ddefault_library=shared -Dtests=disabled -Dexamples=false -Dbench=false \
  >"$work/log" 2>&1 || { cat "$work/log"; fail 'meson setup fails'; }
build before
(cd "$work/tree" && git apply "$work/change")
build after
status=0
abidiff --drop-private-types --headers-dir1 "$work/before-headers" \
  --headers-dir2 "$work/after-headers" "$work/before" "$work/after" || status=$?
[ $((status & 3)) = 0 ] || fail "abidiff fails ($status)"
# Bit 8 means an incompatible change.
if [ $((status & 8)) != 0 ] && git describe --tags --match 'v[0-9]*' "$commit" \
  >/dev/null 2>&1 && [ "$(soname before)" = "$(soname after)" ]; then
  fail "this change breaks programs that were built with a release; change" \
    "the soname $(soname after), or make the change compatible" \
    '(docs/interface.md)'
fi
[ "$status" != 0 ] || echo "the ABI is the same as in $commit"
