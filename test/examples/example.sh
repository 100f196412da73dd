# SPDX-License-Identifier: MIT
# What the tests of examples share, to be sourced in the repository's test
# directory: a directory of their own to work in, and looks at what was said.
set -eu
export no_proxy='*' # which would not find servers on loopback
# Node says on stderr what it does not find of these.
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

# run STATUS COMMAND...: its output goes to the files out and err.
run() {
  expected=$1
  shift
  status=0
  : >err
  "$@" >out 2>own || status=$?
  cat own >>err # in one piece: others may write there meanwhile
  [ "$status" -eq "$expected" ] || fail "$*: status $status, not $expected"
}

# out REGEX, err REGEX: a whole line is like that.
out() {
  grep -Eqx -e "$1" out || fail "no such line: $1"
}

err() {
  grep -Eqx -e "$1" err || fail "no such line on stderr: $1"
}

# until_true COMMAND...: waits for its success, five minutes at least.
until_true() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 10000 ] || fail "still not: $*"
    sleep 0.03
  done
}

# What limits in milliseconds are that have to pass for nobody.
never=9999999

# with_limits MS COMMAND...: calls it with the limit $limit, and with longer ones
# until it succeeds: of what races a limit, the machine may be slower.
with_limits() {
  limit=$1
  shift
  until "$@"; do
    limit=$((limit * 2))
    [ "$limit" -lt "$never" ] || fail "not within $limit ms: $*"
  done
}

# Ends the process $pid by a signal, which it should survive with status 0. Its
# errors are in the file log.
interrupt() {
  kill "-$1" "$pid"
  status=0
  wait "$pid" || status=$?
  [ "$status" -eq 0 ] || fail "SIG$1: status $status"
}

# serve ANSWER [6]: has $server answer so, and sets $port, which is empty where
# there is no IPv6.
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

# Sets $port to the last word of the line that a server announces itself with,
# in the FIFO port.
read_port() {
  line=
  read -r line <port || :
  port=${line##* }
  [ -n "$port" ] || fail "it has not said where it is"
}

# Says what this system cannot do, and fails where all of it has to run.
leave_out() {
  echo "skipped: $1"
  [ -z "${CI:-}" ] || fail "$1"
}

# Whether there can be a terminal to try something on.
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

# Sets $host to a name of this machine, or its address if it has none.
name_host() {
  host=localhost
  getent hosts $host >/dev/null 2>&1 || [ $? != 2 ] || {
    leave_out "localhost has no address here (/etc/hosts)"
    host=127.0.0.1
  }
}

# on_terminal COLUMNS COMMAND: what the command shows on a terminal of so many
# columns goes to the file out, but for what stood in a line before it went back
# to its beginning.
on_terminal() {
  status=0
  TERM=xterm script -qec "stty cols $1 rows 24; $2" /dev/null </dev/null \
    >shown 2>err || status=$?
  back=$(printf '\r')
  sed "s/$back*\$//; s/.*$back//" shown >out
}
