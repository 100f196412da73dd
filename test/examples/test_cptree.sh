#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example cptree as a user would.
# test_cptree.sh CPTREE
. "$(dirname "$0")/example.sh"
cptree=$(absolute "$1")
cd "$dir"

mkdir -p from/deep/er/still from/empty
i=0
while [ $i -lt 200 ]; do
  echo "file $i" >from/deep/$i
  i=$((i + 1))
done
dd if=/dev/urandom of=from/large bs=1000 count=5000 2>/dev/null
ln -s deep/er from/link
ln -s nowhere from/deep/broken
chmod 750 from/deep/er
chmod 600 from/deep/7
touch -t 200102030405 from/deep/8 from/deep/er

echo "cptree: the copy equals the tree"
run 0 "$cptree" from to
diff -r --no-dereference from to
[ "$(stat -c '%n %a %Y' from/deep/er from/deep/7 from/deep/8)" = \
  "$(cd to && stat -c 'from/%n %a %Y' deep/er deep/7 deep/8)" ] ||
  fail "modes and times"
[ ! -s err ] || fail "progress without a terminal"
out 'copied [0-9]+ entries, [0-9]+ bytes'
run 0 "$cptree" -j 64 from to64
diff -r --no-dereference from to64
run 0 "$cptree" -j 1 from/large single
cmp from/large single

echo "cptree: existing files"
echo other >to/deep/1
run 1 "$cptree" from to
err "cptree: copy 'from/deep/1': file already exists"
err "cptree: copy 'from/large': file already exists"
grep -q other to/deep/1 || fail "overwritten"
run 0 "$cptree" -k from to
grep -q other to/deep/1 || fail "not kept"
run 0 "$cptree" -f from to
diff -r --no-dereference from to

echo "cptree: the rest is copied, and errors are listed at the end"
mkfifo from/fifo
run 1 "$cptree" from rest
[ "$(wc -l <err)" -eq 1 ] || fail "more than one error"
grep -q "^cptree: copy 'from/fifo': " err || fail "no error"
rm from/fifo
diff -r --no-dereference from rest

echo "cptree: progress on a terminal"
if has_terminal; then
  on_terminal 80 "'$cptree' from terminal"
  [ "$status" -eq 0 ] || fail "on a terminal"
  diff -r --no-dereference from terminal
fi

echo "cptree: refusals"
run 1 "$cptree" absent x
err "cptree: copy 'absent': no such file or directory"
run 1 "$cptree" from from/deep/x
grep -q "invalid argument" err || fail "into itself"
for wrong in '-x a b' '-j 0 a b' '-j 65 a b' '-j 1x a b' '-fk a b'; do
  run 2 "$cptree" $wrong
  grep -q '^usage: cptree' err || fail "no usage"
done
echo "all passed"
