#!/bin/sh
# SPDX-License-Identifier: MIT
# Checks what all examples have in common. They answer --help. They describe
# errors of arguments in one sentence. If the standard input, output or error is
# closed or full, they continue or report an error.
#
#   test_programs.sh ANSWER_SERVER PROGRAM...
. "$(dirname "$0")/example.sh"
server=$(absolute "$1")
shift
for program; do
  shift
  set -- "$@" "$(absolute "$program")"
done
cd "$dir"
echo text >from
mkdir www
serve 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'
good=$port

# arguments_of NAME: sets $arguments to arguments with which the program prints
# something and soon exits with status 0. Sets $serves to yes if the program is
# a server, which a signal ends.
arguments_of() {
  serves=
  case $1 in
  cards) arguments="127.0.0.1:$good" ;;
  chat | cores | embed) arguments=0 serves=yes ;;
  copy | copy_await) arguments='from to' ;;
  crawl) arguments="http://127.0.0.1:$good/" ;;
  cptree) arguments='--force from to' ;;
  farm) arguments='run 1 --ms 1 --workers 1' ;;
  fanout | fanout_await) arguments="127.0.0.1:$good" ;;
  graph | limiter | timeline) arguments= ;;
  gzip | names) arguments=from ;;
  mirrors) arguments="to 127.0.0.1:$good" ;;
  parallel) arguments='true' ;;
  proxy) arguments='127.0.0.1 1' serves=yes ;;
  query) arguments=':memory: select+1' ;;
  relay) arguments='true' ;;
  resolve) arguments='127.0.0.1' ;;
  scan) arguments='127.0.0.1 1' ;;
  sift) arguments='text from' ;;
  serve) arguments='-p 0 www' serves=yes ;;
  primes | remind) arguments='--port 0' serves=yes ;;
  stopwatch) arguments= serves=yes ;;
  tail | wrap) arguments=from serves=yes ;;
  collect | thread) arguments=from ;;
  upload) arguments="--to 127.0.0.1:$good from" ;;
  *) fail "no arguments are known for $1" ;;
  esac
}

# begin REDIRECTION: runs the program $path with the redirection and sets
# $status. If the program is a server, ends it by a signal after its first
# output.
begin() {
  status=0
  if [ -z "$serves" ]; then
    eval "\"$path\" $arguments >out 2>err $1" || status=$?
    return
  fi
  : >out
  eval "\"$path\" $arguments >out 2>err $1 &"
  pid=$!
  pids="$pids $pid"
  until_true sh -c "[ -s out ] || ! kill -0 $pid"
  kill -TERM "$pid" 2>/dev/null || :
  wait "$pid" || status=$?
}

# ends STATUS REDIRECTION: asserts the status.
ends() {
  begin "$2"
  [ "$status" -eq "$1" ] || fail "$name $arguments $2: status $status, not $1"
}

# refused ARGUMENT...: asserts that only a sentence and the usage are printed.
refused() {
  run 2 "$path" "$@"
  {
    read -r sentence || fail "$name $*: no sentence"
    read -r usage || fail "$name $*: no usage"
    ! read -r more || fail "$name $*: more than one sentence"
  } <err
  case $sentence in
  "$name: "?*) ;;
  *) fail "$name $*: no sentence" ;;
  esac
  case "$usage " in
  "usage: $name "*) ;;
  *) fail "$name $*: no usage" ;;
  esac
  [ ! -s out ] || fail "$name $*: output"
}

for path; do
  name=$(basename "$path")
  arguments_of "$name"
  echo "$name: --help"
  run 0 "$path" --help
  head -n 1 out | grep -q "^usage: $name" || fail "$name --help: no usage"
  grep -q "^For example: $name" out || fail "$name --help: no example"
  grep -q '^  -h, --help' out || fail "$name --help: no options"
  grep -q '^Exit status: ' out || fail "$name --help: no status"
  [ ! -s err ] || fail "$name --help: errors"
  run 0 "$path" $arguments -h
  run 1 sh -c "'$path' --help >/dev/full"
  err "$name: cannot write: no space left on device"

  echo "$name: arguments"
  refused --bogus
  refused -X
  refused --help=x
  refused ''
  refused $arguments ''
  case $name in
  chat | cores | embed)
    for wrong in x -1 65536 1x 0x50 99999999999999999999 ' 1'; do
      refused "$wrong"
    done
    refused 1 2
    ;;
  gzip | names) refused one two ;;
  copy* | cptree | proxy | query | scan)
    refused
    refused one
    refused one two three
    ;;
  graph | limiter | primes | stopwatch | timeline) refused one ;;
  resolve | tail | upload) refused ;;
  crawl)
    refused
    refused one two
    for wrong in x 127.0.0.1 ftp://127.0.0.1/ http://:80/; do
      refused "$wrong"
    done
    ;;
  relay | serve | thread | wrap)
    refused
    refused one two
    [ "$name" != serve ] || refused --port
    ;;
  farm | mirrors) refused one ;;
  esac
  for option in $("$path" --help | sed -n 's/^  -., \(--[a-z]*\) \(N\|MS\) .*/\1/p'); do
    refused "$option"
    for wrong in '' x -1 1x 1.5 99999999 99999999999999999999; do
      refused "$option" "$wrong"
    done
  done

  echo "$name: what is closed, or full"
  for how in '<&-' '2>&-' '2>/dev/full' '<&- 2>&-'; do
    ends 0 "$how"
  done
  ends 1 '>/dev/full'
  err "$name: cannot write: no space left on device"
  for how in '>&-' '<&- >&-'; do
    ends 1 "$how"
    err "$name: cannot write: bad file descriptor"
  done
  ends 1 '<&- >&- 2>&-'
  ends 0 '</dev/full'
done

echo "tables keep within the terminal"
long=$(printf '%060d' 0 | sed 's/0/ü€界/g')
# narrow COLUMNS COMMAND: asserts that each line fits. A wide character counts
# as two.
narrow() {
  on_terminal "$1" "$2"
  sed "s/$(printf '\033')\[[0-9;]*[mAJK]//g; /^\$/,\$d" out >plain
  LC_ALL=C.UTF-8 sed 's/界/xx/g' plain >counted
  ! LC_ALL=C.UTF-8 grep -E ".{$(($1 + 1)),}" counted ||
    fail "wider than $1: $2"
  grep -q '…' plain || fail "nothing is truncated: $2"
  LC_ALL=C.UTF-8 grep -qavx '.*' plain && fail "truncated within a character: $2"
  return 0
}
widths='40 61 80 132'
has_terminal || widths=
for path; do
  case $(basename "$path") in
  parallel) table="'true $long' 'echo $long'" ;;
  resolve) table="127.0.0.1 $long" ;;
  upload) table="--to 127.0.0.1:$good $long" ;;
  fanout) table="127.0.0.1:$good/$long" ;;
  cards) table="--retries 1 127.0.0.1:1/$long" ;;
  mirrors) table="to 127.0.0.1:$good/$long" ;;
  *) continue ;;
  esac
  echo "$(basename "$path"): tables"
  for columns in $widths; do
    narrow $columns "'$path' $table"
  done
  eval "'$path' $table" >out 2>err || :
  grep -q "$long" out || fail "truncated although it is not a terminal"
done
echo "all passed"
