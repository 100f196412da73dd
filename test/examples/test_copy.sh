#!/bin/sh
# SPDX-License-Identifier: MIT
# test_copy.sh COPY
. "$(dirname "$0")/example.sh"

copy=$(absolute "$1")
name=$(basename "$copy")
cd "$dir"

echo "copy: contents and mode"
dd if=/dev/urandom of=from bs=1000 count=3333 2>/dev/null
chmod 700 from
run 0 "$copy" from to
out 'copied 3333000 bytes'
cmp from to
[ -x to ] || fail "mode"
printf 'short' >short
run 0 "$copy" short to
cmp short to
: >empty
run 0 "$copy" empty to
cmp empty to

echo "copy: after a refusal all files are unchanged"
cp from before
ln -s from symlink
ln from hardlink
for same in from ./from symlink hardlink; do
  run 1 "$copy" from "$same"
  err "$name: '$same': that is the file to copy"
  cmp from before
done
run 1 "$copy" absent to
err "$name: open 'absent': no such file or directory"
cmp empty to
run 1 "$copy" . short
err "$name: '.': not a regular file"
[ "$(cat short)" = short ]
run 1 "$copy" from absent/to
err "$name: open 'absent/to': .*"
run 1 "$copy" from .
err "$name: open '.': .*"
mkfifo fifo
run 1 "$copy" from fifo
err "$name: open 'fifo': no such device or address"
run 1 "$copy" fifo to
err "$name: 'fifo': not a regular file"
run 1 "$copy" from /dev/null
err "$name: '/dev/null': not a regular file"

echo "copy: an incomplete copy is removed"
run 1 sh -c "trap '' XFSZ; ulimit -f 1000; exec '$copy' from half"
err "$name: removing the half-written 'half'"
err "$name: 'half': file too large"
[ ! -e half ] || fail "an incomplete copy is left"
dd if=/dev/null of=huge bs=1 seek=8589934592 2>/dev/null
# interrupted SIGNAL: sets $status. Returns false if the copy ended before the
# signal.
interrupted() {
  rm -f half
  "$copy" huge half >out 2>err &
  pid=$!
  pids="$pids $pid"
  until_true test -s half
  kill -"$1" $pid 2>/dev/null || :
  status=0
  wait $pid || status=$?
  [ $status -ne 0 ]
}
for signal in INT TERM; do
  until_true interrupted $signal
  [ $status -eq 1 ] || fail "interrupted: status $status"
  err "$name: removing the half-written 'half'"
  [ ! -e half ] || fail "an incomplete copy is left"
done

echo "all passed"
