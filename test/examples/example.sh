# SPDX-License-Identifier: MIT
# Shared functions of the tests of examples, which source this file in the test
# directory of the repository. Each test works in a directory of its own.
set -eu
export no_proxy='*' # a proxy would not find servers on loopback
# If a file in these variables is missing, Node prints a warning on stderr.
unset NODE_EXTRA_CA_CERTS NODE_OPTIONS NODE_DEBUG

absolute() {
  echo "$(cd "$(dirname "$1")" && pwd)/$(basename "$1")"
}

pids=
dir=$(mktemp -d)
trap 'for pid in $pids; do kill "$pid" 2>/dev/null || :; done; rm -rf "$dir"' \
  EXIT

fail() {
  echo "FAILED: $1"
  for file in out err log; do
    [ ! -s $file ] || { echo "-- $file" && head -n 100 $file; }
  done
  exit 1
}

# run STATUS COMMAND...: runs the command, which must exit with STATUS. Its
# output goes to the files out and err.
run() {
  expected=$1
  shift
  status=0
  : >err
  "$@" >out 2>own || status=$?
  cat own >>err # at once, because other processes may write there
  [ "$status" -eq "$expected" ] || fail "$*: status $status, not $expected"
}

# out REGEX, err REGEX: asserts that a whole line of the file matches.
out() {
  grep -Eqx -e "$1" out || fail "no such line: $1"
}

err() {
  grep -Eqx -e "$1" err || fail "no such line on stderr: $1"
}

# until_true COMMAND...: repeats the command until it succeeds, for five minutes
# at least.
until_true() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 10000 ] || fail "still not: $*"
    sleep 0.03
  done
}

# A time limit in milliseconds that never expires.
never=9999999

# with_limits MS COMMAND...: calls the command with the time limit $limit, and
# then with longer ones until it succeeds. If the command races the limit, the
# machine may be too slow for a short one.
with_limits() {
  limit=$1
  shift
  until "$@"; do
    limit=$((limit * 2))
    [ "$limit" -lt "$never" ] || fail "not within $limit ms: $*"
  done
}

# interrupt SIGNAL: sends the signal to the process $pid, which must exit with
# status 0. Its errors are in the file log.
interrupt() {
  kill "-$1" "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ] || fail "SIG$1: status $status"
}

# serve ANSWER [6]: starts $server with this answer and sets $port. $port is
# empty if the system has no IPv6.
serve() {
  rm -f port
  mkfifo port
  printf "$1" >answer
  shift
  "$server" "$@" <answer >port &
  pids="$pids $!"
  port=
  read -r port <port || :
}

# Sets $port to the last word of the line that a server writes to the FIFO port.
read_port() {
  line=
  read -r line <port || :
  port=${line##* }
  [ -n "$port" ] || fail "it has not printed its address"
}

# leave_out REASON: prints what this system lacks. Fails if no test may be
# skipped.
leave_out() {
  echo "skipped: $1"
  [ -z "${CI:-}" ] || fail "$1"
}

# Returns whether the tests can have a terminal.
has_terminal() {
  if ! command -v script >/dev/null; then
    echo "missing: script"
  elif script -qec true /dev/null </dev/null >/dev/null 2>&1; then
    return
  else
    leave_out "no pseudo-terminals here (/dev/pts)"
  fi
  return 1
}

# Sets $host to a name of this machine, or to an address if it has no name.
name_host() {
  host=localhost
  getent hosts $host >/dev/null 2>&1 || [ $? != 2 ] || {
    leave_out "localhost has no address here (/etc/hosts)"
    host=127.0.0.1
  }
}

# on_terminal COLUMNS COMMAND: runs the command on a terminal with this width.
# Its lines go to the file out, without text that was overwritten after a
# carriage return.
on_terminal() {
  status=0
  TERM=xterm script -qec "stty cols $1 rows 24; $2" /dev/null </dev/null \
    >shown 2>err || status=$?
  back=$(printf '\r')
  sed "s/$back*\$//; s/.*$back//" shown >out
}
