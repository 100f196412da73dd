#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example gzip as a user would, and decompresses the result with
# another program. test_gzip.sh GZIP
. "$(dirname "$0")/example.sh"
gzip=$(absolute "$1")
cd "$dir"

# same NAME: asserts that the file out is NAME, compressed.
same() {
  command gzip -dc <out >back || fail "no gzip: $1"
  cmp -s back "$1" || fail "the bytes differ: $1"
}

echo "gzip: a file, a pipe, and no input"
seq 300000 >numbers
run 0 "$gzip" numbers
same numbers
[ "$(wc -c <out)" -lt 800000 ] || fail "not compressed"
seq 300000 | run 0 "$gzip"
same numbers
: >empty
run 0 "$gzip" empty
same empty
dd if=/dev/urandom of=random bs=1000 count=3000 2>/dev/null
run 0 "$gzip" random
same random

echo "gzip: a reader that closes, and a missing file"
{ "$gzip" random 2>err || echo $? >status; } | head -c 10 >ten
[ "$(wc -c <ten)" -eq 10 ] || fail "not ten bytes"
[ "$(cat status)" -eq 1 ] || fail "it did not end with 1"
err "gzip: cannot write: broken pipe"
: >out
run 1 "$gzip" none
err ".*: no such file or directory.*"
echo "all passed"
