#!/bin/sh
# Runs the example cptree as a user would.
# test_cptree.sh CPTREE
set -eu

cptree=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fail() {
  echo "FAILED: $1"
  cat out err
  exit 1
}

# run STATUS ARGUMENTS...
run() {
  expected=$1
  shift
  status=0
  "$cptree" "$@" >out 2>err || status=$?
  [ "$status" -eq "$expected" ] || fail "$*: status $status, not $expected"
}

err() {
  grep -qFx "$1" err || fail "no such line on stderr: $1"
}

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

echo "cptree: the copy is the same"
run 0 from to
diff -r --no-dereference from to
[ "$(stat -c '%n %a %Y' from/deep/er from/deep/7 from/deep/8)" = \
  "$(cd to && stat -c 'from/%n %a %Y' deep/er deep/7 deep/8)" ] ||
  fail "modes and times"
[ ! -s err ] || fail "a line of progress where there is no terminal"
grep -Eqx 'copied [0-9]+ entries, [0-9]+ bytes' out || fail "no summary"
run 0 -j 64 from to64
diff -r --no-dereference from to64
run 0 -j 1 from/large single
cmp from/large single

echo "cptree: what is there already"
echo other >to/deep/1
run 1 from to
err "cptree: copy 'from/deep/1': file already exists"
err "cptree: copy 'from/large': file already exists"
grep -q other to/deep/1 || fail "overwritten"
run 0 -k from to
grep -q other to/deep/1 || fail "not kept"
run 0 -f from to
diff -r --no-dereference from to

echo "cptree: errors come at the end, the rest is copied"
mkfifo from/fifo
run 1 from rest
[ "$(wc -l <err)" -eq 1 ] || fail "more than one error"
grep -q "^cptree: copy 'from/fifo': " err || fail "no error"
rm from/fifo
diff -r --no-dereference from rest

echo "cptree: progress on a terminal"
if command -v script >/dev/null; then
  TERM=xterm script -qec "'$cptree' from terminal" /dev/null >out 2>err \
    </dev/null || fail "on a terminal"
  diff -r --no-dereference from terminal
else
  echo "missing: script"
fi

echo "cptree: refusals"
run 1 absent x
err "cptree: copy 'absent': no such file or directory"
run 1 from from/deep/x
grep -q "invalid argument" err || fail "into itself"
for wrong in '-x a b' '-j 0 a b' '-j 65 a b' '-j 1x a b' '-fk a b'; do
  run 2 $wrong
  grep -q '^usage: cptree' err || fail "no usage"
done
echo "all passed"
