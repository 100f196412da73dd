#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example upload as a user would. test_upload.sh UPLOAD ANSWER_SERVER
. "$(dirname "$0")/example.sh"
upload=$(absolute "$1")
server=$(absolute "$2")
cd "$dir"

for i in 1 2 3 4 5; do
  head -c ${i}000 /dev/zero >file$i
done
dd if=/dev/urandom of=large bs=1000 count=5000 2>/dev/null
: >empty

echo "upload: one at a time, every third file fails"
run 1 "$upload" --jobs 1 file1 file2 file3 absent file4 ./large empty
out 'file1 +fulfilled +[0-9]+\.[0-9]  HTTP 201, +1000 bytes'
out 'file3 +rejected  +[0-9]+\.[0-9]  HTTP status 507'
out "absent +rejected  +[0-9]+\.[0-9]  stat 'absent': no such file or directory"
out './large +fulfilled +[0-9]+\.[0-9]  HTTP 201, 5000000 bytes'
out 'empty +rejected  +[0-9]+\.[0-9]  HTTP status 507'
out '7 files: 4 sent, 3 failed'
[ ! -s err ] || fail "progress without a terminal"
run 0 "$upload" --jobs 1 file5 empty
out 'empty +fulfilled +[0-9]+\.[0-9]  HTTP 201, +0 bytes'

echo "upload: several at a time, in the order of the files"
mkdir many
for i in $(seq 300); do
  echo "$i" >many/$i
done
run 1 "$upload" --jobs 20 $(seq -f 'many/%g' 300)
out '300 files: 200 sent, 100 failed'
sed -n 's/^many\/\([0-9]*\) .*/\1/p' out >order
seq 300 | cmp - order || fail "order"

echo "upload: other servers"
name_host
serve 'HTTP/1.1 201 Created\r\n\r\n'
run 0 "$upload" --to "127.0.0.1:$port/in/" file1 'file2'
out '2 files: 2 sent, 0 failed'
serve 'HTTP/1.1 403 Forbidden\r\n\r\n'
run 1 "$upload" --to "$host:$port" file1
out 'file1 +rejected +.*HTTP status 403'
run 1 "$upload" --to 127.0.0.1:1 file1
out 'file1 +rejected +.*connection refused'

run 1 "$upload" --to 127.0.0.1:1 "$(printf 'a\033[2J\nb')"
out '1 file: 0 sent, 1 failed'
out "a\\\\x1b\[2J\\\\nb +rejected .*"
serve 'HTTP/1.1 302 Found\r\n\r\n'
run 1 "$upload" --to "$host:$port" file1
out 'file1 +rejected +.*HTTP status 302'

echo "upload: other file types"
mkfifo fifo
run 1 "$upload" fifo . /dev/zero
out "fifo +rejected .*'fifo': not a regular file"
out "\. +rejected .*'\.': not a regular file"
out "/dev/zero +rejected .*'/dev/zero': not a regular file"

echo "upload: arguments"
for wrong in --to=host --to= --to=host:0; do
  run 2 "$upload" "$wrong" file1
  err "upload: '.*': .*"
done
echo "all passed"
