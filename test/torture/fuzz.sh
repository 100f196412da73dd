#!/bin/sh
# Fuzzes avow for so many seconds (60), half of them with each promise a block
# of its own, half with the pool. Fails if an input does; that is then kept in
# the directory that is printed. $CORPUS: where to keep what it finds, and to
# begin with what it found before.
set -eu
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
work=$(mktemp -d)
corpus=${CORPUS:-$work/corpus}
mkdir -p "$corpus"

# The names of libuv's flags are words of their own.
# shellcheck disable=SC2046
build() {
  clang -std=c11 -D_POSIX_C_SOURCE=200809L -DAVOW_BUILDING -g -O1 \
    -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined \
    -I"$root/include" "$@" "$root"/src/*.c \
    "$here/fuzz.c" "$here/functions.c" "$here/statements.c" \
    "$here/memory.c" "$here/clock.c" \
    -Wl,--wrap=uv_run,--wrap=uv_now,--wrap=uv_update_time \
    -Wl,--wrap=uv_timer_start,--wrap=uv_timer_stop \
    $(pkg-config --cflags --libs libuv) -lpthread
}

fuzz() {
  name=$1
  shift
  build "$@" -o "$work/$name"
  log=$work/$name.log
  if ! "$work/$name" -max_total_time=$((seconds / 2)) -timeout=10 \
    -max_len=600 -artifact_prefix="$work/$name-" -print_final_stats=1 \
    "$corpus" "$here/corpus" >"$log" 2>&1; then
    tail -60 "$log"
    echo "failed: the input is in $work"
    exit 1
  fi
  sed -n "s/^stat::number_of_executed_units: */$name, inputs run: /p" "$log"
}

fuzz blocks -DAVOW_NO_POOL
fuzz pool
rm -r "$work"
