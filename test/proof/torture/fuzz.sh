#!/bin/sh
# SPDX-License-Identifier: MIT
# Fuzz avow for a number of seconds (60). A third of the time goes to builds
# with one block for each promise, and a third to builds with the pool. The
# last third goes to parsers of untrusted text, in the library and in the
# examples. The script fails if an input fails; it prints the directory that
# keeps the input. $CORPUS is a directory with one directory for each target.
# Fuzzing starts from the inputs there and adds new ones.
set -eu
seconds=${1:-60}
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../../..
work=$(mktemp -d)
corpus=${CORPUS:-$work/corpus}

# compile ARGUMENT...: compiles with the sanitizers.
# shellcheck disable=SC2046
compile() {
  clang -std=c11 -D_POSIX_C_SOURCE=200809L -DAVOW_BUILDING -g -O1 \
    -fsanitize=address,undefined -fno-sanitize-recover=undefined \
    -I"$root/include" -I"$root/src" -I"$root/examples" \
    $(pkg-config --cflags libuv) "$@"
}

# build_library NAME OPTION...: compiles the library for the targets, without
# the simulator and adapters.
build_library() {
  mkdir "$work/$1"
  name=$1
  shift
  # shellcheck disable=SC2046 # a list of files
  (cd "$work/$name" && compile -fsanitize=fuzzer-no-link "$@" -c \
    $(find "$root/src" -name '*.c' ! -name '*_windows.c' \
      ! -name '*_by_path.c' ! -path '*/sim/*' ! -path '*/adapters/*') \
    "$here/memory.c" "$here/parse/text.c")
}

# link_target NAME LIBRARY SOURCE-OR-OPTION...
# shellcheck disable=SC2046
link_target() {
  target=$work/fuzz-$1
  library=$work/$2
  shift 2
  compile -fsanitize=fuzzer "$@" "$library"/*.o -o "$target" \
    $(pkg-config --libs libuv) -lpthread -lm
}

# fuzz NAME SECONDS LONGEST STORED-CORPUS
fuzz() {
  log=$work/$1.log
  mkdir -p "$corpus/$1"
  if ! "$work/fuzz-$1" -max_total_time="$2" -timeout=10 \
    -max_len="$3" -artifact_prefix="$work/$1-" -print_final_stats=1 \
    "$corpus/$1" "$4" >"$log" 2>&1; then
    tail -60 "$log"
    echo "failed; the input is in $work"
    exit 1
  fi
  sed -n "s/^stat::number_of_executed_units: */$1, inputs run: /p" "$log"
}

# machine LIBRARY
machine() {
  link_target "$1" "$1" "$here/fuzz.c" "$here/functions.c" \
    "$here/statements.c" "$here/clock.c" \
    -Wl,--wrap=uv_run,--wrap=uv_hrtime,--wrap=uv_now,--wrap=uv_update_time \
    -Wl,--wrap=uv_timer_start,--wrap=uv_timer_stop
  fuzz "$1" $((seconds / 3 + 1)) 600 "$here/corpus"
}

# parser NAME SOURCE...
parser() {
  name=$1
  shift
  link_target "$name" pool "$here/parse/$name.c" "$@"
  fuzz "$name" $((seconds / 24 + 1)) 4096 "$here/parse/corpus/$name"
}

# build_llhttp: sets $llhttp to the flags for compiling and linking.
build_llhttp() {
  llhttp=$(pkg-config --cflags --libs libllhttp 2>/dev/null) && return
  mkdir "$work/llhttp"
  llhttp="-I/usr/share/include/llhttp"
  (cd "$work/llhttp" && compile -fsanitize=fuzzer-no-link -w \
    -DLLHTTP_STRICT_MODE=1 $llhttp -c /usr/share/llhttp/*.c)
  llhttp="$llhttp $(echo "$work"/llhttp/*.o)"
}

build_library blocks -DAVOW_NO_POOL -DAVOW_CHECK
build_library pool -DAVOW_CHECK
machine blocks
machine pool
parser answer "$root/examples/http_text.c"
parser glob
parser reader
build_llhttp
# shellcheck disable=SC2086 # a list of words
parser message "$root/examples/message.c" $llhttp
# shellcheck disable=SC2086
parser request "$root/examples/request.c" "$root/examples/message.c" $llhttp
parser target "$root/examples/http_text.c"
if pkg-config --exists 'openssl >= 3.0.0'; then
  # shellcheck disable=SC2046 # lists
  parser tls "$root"/src/adapters/tls/*.c $(pkg-config --cflags --libs openssl)
fi
# The matcher is compiled again, with a counter of its steps.
rm "$work/pool/match.o"
(cd "$work/pool" && compile -fsanitize=fuzzer-no-link \
  -fsanitize-coverage=trace-pc -c "$root/src/sys/match.c")
parser match -DCOUNTER=__wrap___sanitizer_cov_trace_pc \
  -Wl,--wrap=__sanitizer_cov_trace_pc
rm -r "$work"
