#!/bin/sh
# Every function of uv.h that calls back, with what avow has for it:
#
#   sh test/uv_table.sh > docs/libuv.md     makes the table
#   sh test/uv_table.sh --check             fails where it is out of date
#
# A wrapper has the name of libuv's function, or the comment above its declaration
# names that. CC and UV_CFLAGS compile for the uv.h in question.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Newer than the oldest uv.h that serves.
newer='uv_pipe_connect2'
# Called back through a struct.
other='uv_spawn'
# What calls back, but at once, or not from a loop.
none='uv_walk uv_thread_create uv_thread_create_ex'

# One declaration a line, then those that take a function.
async_functions() {
  echo '#include <uv.h>' | ${CC:-cc} ${UV_CFLAGS:-} -E -P -x c - |
    tr '\n' ' ' | tr ';' '\n' |
    sed -n 's/.*[ *]\(uv_[a-z0-9_]*\) *([^()]*_cb[ ,)].*/\1/p'
  printf '%s\n' $newer $other
}

# "uv_function wrapper settles-with" for the one of the same name, and for each
# mention in a public comment.
wrappers() {
  awk '
    /^\/\*\*/ { text = ""; inside = 1 }
    inside {
      line = $0
      gsub(/^ *\/?\*+\/?|\*\/ *$/, "", line)
      text = text " " line
    }
    inside && /\*\// { inside = 0; fresh = 1; next }
    inside { next }
    /^$/ { fresh = 0 }
    fresh && match($0, /avow_[a-z0-9_]+\(/) {
      name = substr($0, RSTART, RLENGTH - 1)
      if (name ~ /^avow_to_/) next
      what = text
      sub(/^ +/, "", what)
      sub(/[.:;,(].*/, "", what)
      sub(/ +$/, "", what)
      print "uv_" substr(name, 6), name, what
      rest = text
      while (match(rest, /uv_[a-z0-9_]+/)) {
        print substr(rest, RSTART, RLENGTH), name, what
        rest = substr(rest, RSTART + RLENGTH)
      }
    }' include/avow/*.h
}

table() {
  cat <<'HEAD'
# All of libuv

Each function of uv.h that calls back, and what avow has for it: a promise, or a channel where events repeat. What
the promises settle with, what cancelling does and which errors are likely stands in the headers beside the
functions. Made by `test/uv_table.sh` from uv.h and those headers; the tests fail when it is out of date.

| libuv | avow | settles with, or gives |
|---|---|---|
HEAD
  sort -u "$work/async" | awk -v none=" $none " '
    NR == FNR {
      what = $0
      sub(/^[^ ]+ [^ ]+ ?/, "", what)
      if (substr($1, 3) == substr($2, 5)) {
        same[$1] = 1
        names[$1] = ""
        delete gives[$1]
      } else if ($1 in same || ($1, $2) in seen) {
        next
      }
      seen[$1, $2] = 1
      names[$1] = names[$1] (names[$1] ? ", " : "") "`" $2 "()`"
      if (!($1 in gives)) gives[$1] = what
      next
    }
    index(none, " " $1 " ") { next }
    { print "| `" $1 "()` | " ($1 in names ? names[$1] : "MISSING") " | " gives[$1] " |" }
  ' "$work/wrappers" -
}

async_functions >"$work/async"
wrappers >"$work/wrappers"
table >"$work/table"
if grep MISSING "$work/table" >&2; then
  echo 'uv_table: no comment in include/avow names these' >&2
  [ "${1-}" = --check ] && exit 1
fi
if [ "${1-}" != --check ]; then
  cat "$work/table"
elif ! diff docs/libuv.md "$work/table" >&2; then
  echo 'uv_table: run sh test/uv_table.sh > docs/libuv.md' >&2
  exit 1
fi
