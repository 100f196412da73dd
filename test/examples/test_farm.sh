#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example farm as a user would, and causes failures: the test kills a
# worker, stops another one, restarts the server, and interrupts and restarts
# the client. test_farm.sh FARM
. "$(dirname "$0")/example.sh"
farm=$(absolute "$1")
PATH=$PATH:/usr/sbin
command -v nats-server >/dev/null || {
  echo "skipped: no nats-server"
  exit 77
}
cd "$dir"

# counts END N: whether N different jobs have a line of the table with this end.
counts() {
  [ "$(grep -E "^all-[0-9]+ +$1 " out | cut -d ' ' -f 1 | sort -u | wc -l)" \
    -eq "$2" ] || fail "not $2 $1"
}

server_pid=
start_server() {
  nats-server -a 127.0.0.1 -p "$port" -js -sd "$dir/store" -l server.log &
  server_pid=$!
  pids="$pids $server_pid"
}

one='' two='' three='' four=''
# start_worker NAME: starts a worker and stores its pid in the variable NAME.
start_worker() {
  "$farm" work --server "$url" --jobs 3 --ack 1000 >"$1.said" 2>>log &
  eval "$1=\$!"
  pids="$pids $!"
  until_true grep -q ' works for ' "$1.said"
}

# has_done NAME N: whether the worker has reported the end of N jobs.
has_done() {
  [ "$(grep -c ': \(done\|failed\)$' "$1.said")" -ge "$2" ]
}

echo "farm: starts its own server"
run 1 "$farm" run 13 --ms 5 --workers 2
out '13 jobs: 12 done, 1 failed, 0 left; [0-9]+ in the queue'
out '[0-9-]+-12 +failed +[0-9.]+ +5  .*:[0-9]+  out of luck'
out '[0-9-]+-10 +done +[0-9.]+ +[2-4]  .*:[0-9]+  100'

# Chooses a free port that no other program gets between two servers: a socket
# that does not listen is bound to it, and both sockets have SO_REUSEADDR.
mkfifo port
python3 -c '
import signal, socket
held = socket.socket()
held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
held.bind(("127.0.0.1", 0))
print(held.getsockname()[1], flush=True)
signal.pause()' >port &
holder=$!
pids="$pids $holder"
read_port
[ "$(uname)" = Linux ] || kill "$holder" # it would keep a server from binding
url=nats://127.0.0.1:$port
start_server

echo "farm: despite failures each job has one outcome"
start_worker one
start_worker two
start_worker three
"$farm" run 60 --name all --ms 50 --server "$url" >first 2>>log &
asks=$!
pids="$pids $asks"
until_true grep -q '^60 jobs, ' first
until_true has_done one 2
kill -9 "$one"
until_true has_done two 2
kill -STOP "$two"
until_true has_done three 4
kill -9 "$server_pid"
wait "$server_pid" 2>/dev/null || :
start_server
kill -TERM "$asks"
! wait "$asks" || fail "it was interrupted"
cp first out
out 'interrupted: --name all --server .* goes on with it'
start_worker four
run 1 "$farm" run 60 --name all --ms 50 --server "$url"
out '60 jobs: 56 done, 4 failed, 0 left; [0-9]+ in the queue'
counts 'done' 56
counts 'failed' 4
kill -CONT "$two"
run 1 "$farm" run 60 --name all --ms 50 --server "$url"
out '60 jobs: 56 done, 4 failed, 0 left; [0-9]+ in the queue'

echo "farm: finished jobs do not run again"
cat ./*.said | sed -n 's/^\(all-[0-9]*\), .*: done$/\1/p' | sort >did
[ "$(sort -u did | wc -l)" -eq 56 ] || fail "not 56 were done"

# is_empty: a server that was killed may have forgotten that jobs were removed.
is_empty() {
  "$farm" run 60 --name all --server "$url" | grep -q '; 0 in the queue$'
}
until_true is_empty

echo "farm: a worker that ends returns its jobs"
for worker in "$two" "$three" "$four"; do
  pid=$worker
  interrupt TERM
done

echo "farm: removed jobs leave the queue"
: >out # or else grep may read the lines of the previous command
"$farm" run 20 --name cut --server "$url" >out 2>>log &
pid=$!
pids="$pids $pid"
until_true grep -q '^20 jobs, ' out
kill -INT "$pid"
! wait "$pid" || fail "it was interrupted"
out '20 jobs: 0 done, 0 failed, 20 left; 0 in the queue'

# The server that farm started and its folder must be removed, even if the user
# interrupts twice.
echo "farm: two interrupts leave no process and no folder"
# find_server: sets $child to the server that $pid has started, and $folder to
# the folder of the server. Other farms may run on the machine.
find_server() {
  for stat in /proc/[0-9]*/stat; do
    read -r child comm _ parent _ <"$stat" || continue
    [ "$comm $parent" = "(nats-server) $pid" ] || continue
    folder=$(tr '\0' '\n' <"/proc/$child/cmdline" | grep '^/tmp/farm-')
    return
  done 2>/dev/null
  return 1
}
: >out
"$farm" run 20 --ms 60000 >out 2>>log &
pid=$!
pids="$pids $pid"
until_true grep -q '^20 jobs, ' out
until_true find_server
[ -d "$folder" ] || fail "no folder: $folder"
kill -INT "$pid"
kill -INT "$pid" 2>/dev/null || :
! wait "$pid" || fail "it was interrupted"
out '20 jobs: 0 done, 0 failed, 20 left; .*'
[ ! -e "$folder" ] || fail "its folder is still there"

# Both tests wait until a server times out, so they run at the same time.
echo "farm: if its own server dies, its jobs end"
echo "farm: a client does not wait for a lost server"
"$farm" run 20 --name gone --server "$url" >gone 2>>log &
asks=$!
pids="$pids $asks"
until_true grep -q '^20 jobs, ' gone
: >out
"$farm" run 20 --ms 60000 >out 2>err &
pid=$!
pids="$pids $pid"
until_true grep -q '^20 jobs, ' out
kill -9 "$server_pid"
wait "$server_pid" 2>/dev/null || :
kill -INT "$asks"
until_true find_server
[ -d "$folder" ] || fail "no folder: $folder"
kill -9 "$child"
! wait "$pid" || fail "its server had ended"
err 'farm: its nats-server has ended, and the jobs with it'
out '20 jobs: 0 done, 0 failed, 20 left; the server does not say .*'
[ ! -e "$folder" ] || fail "its folder is still there"

! wait "$asks" || fail "it was interrupted"
cp gone out
out '20 jobs: 0 done, 0 failed, 20 left; the server does not say .*'

echo "farm: errors of the server that are permanent"
nats-server -a 127.0.0.1 -p "$port" -l plain.log &
pids="$pids $!"
until_true grep -q 'Server is ready' plain.log
run 1 "$farm" run 1 --server "$url"
err "farm: nats://127.0.0.1:$port: the server has no JetStream"
err "farm: its workers are elsewhere: farm work --server .*"
kill "$!"
wait "$!" 2>/dev/null || :
nats-server -a 127.0.0.1 -p "$port" -js -sd "$dir/locked" --user a --pass b \
  -l locked.log &
pids="$pids $!"
until_true grep -q 'Server is ready' locked.log
run 1 "$farm" run 1 --server "$url"
err "farm: nats://127.0.0.1:$port: Authorization Violation"

echo "farm: arguments"
run 2 "$farm" run 1 --server http://127.0.0.1:4222
err "farm: 'http://127\.0\.0\.1:4222': a server is nats://HOST:PORT, .*"
run 2 "$farm" work --server 'nats://a host'
run 2 "$farm" walk
err "farm: 'walk': it is run or work"
run 2 "$farm" run
err "farm: 'run': how many jobs\?"
run 2 "$farm" run 0
run 2 "$farm" work 1
run 2 "$farm" run 1 --name a.b
err "farm: 'a\.b': a name is .*"
echo "all passed"
