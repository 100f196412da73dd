#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that avow works with each supported libuv. The script builds the
# versions of libuvs.txt, builds avow with each version, and runs the core
# suites. If libuv supports io_uring, the suites run with and without it:
#
#   libuvs.sh [VERSION]...    default: all versions, and two pairs
#   libuvs.sh --make VERSION  only builds that libuv
#
# For a pair OLD:NEW, avow is built with the first libuv and runs with the
# second. The script ends with a table. It fails if a suite fails or if it
# cannot get or build a libuv.
#
# $LIBUV_GIT: the repository of libuv. $CMOCKA: a directory with lib/pkgconfig
# of a cmocka that replaces the system's. $BUILD (build-libuvs): the directory
# of all results.
set -eu
cd "$(dirname "$0")/../.."
from=${LIBUV_GIT:-https://github.com/libuv/libuv.git}
build=${BUILD:-build-libuvs}
mkdir -p "$build"
build=$(cd "$build" && pwd)
table=$build/table
failed=0

more='libcmocka-dev git cmake' . test/lib/packages.sh

# get_commit COMMIT: fetches the commit into $build/git.
get_commit() {
  [ -d "$build/git" ] || git clone -q --bare "$from" "$build/git" || return 1
  git -C "$build/git" cat-file -e "$1^{commit}" 2>/dev/null ||
    git -C "$build/git" fetch -q "$from" "$1"
}

# build_libuv VERSION: builds that libuv and installs it in $build/uv-VERSION.
build_libuv() {
  at=$build/uv-$1
  [ ! -e "$at/done" ] || return 0
  commit=$(sed -n "s/^$1 //p" test/ship/libuvs.txt)
  [ -n "$commit" ] || {
    echo "test/ship/libuvs.txt has no commit for libuv $1: add a line"
    return 1
  }
  get_commit "$commit" && mkdir -p "$at/source" &&
    git -C "$build/git" archive "$commit" | tar -x -C "$at/source" &&
    cmake -S "$at/source" -B "$at/build" -GNinja -DBUILD_TESTING=OFF \
      -DLIBUV_BUILD_TESTS=OFF -DCMAKE_BUILD_TYPE=RelWithDebInfo \
      -DCMAKE_INSTALL_PREFIX="$at" -DCMAKE_INSTALL_LIBDIR=lib &&
    ninja -C "$at/build" -j 2 install && touch "$at/done"
}

# avow_of VERSION: prints the directory of the avow built with that libuv.
avow_of() {
  echo "$build/avow-$1${CMOCKA:+-$(basename "$CMOCKA")}"
}

# build_avow VERSION
build_avow() {
  at=$(avow_of "$1")
  path=$build/uv-$1/lib/pkgconfig${CMOCKA:+:$CMOCKA/lib/pkgconfig}
  [ -f "$at/build.ninja" ] ||
    PKG_CONFIG_PATH=$path meson setup "$at" -Dtests=enabled \
      -Ddefault_library=static -Dexamples=false -Dbench=false || return 1
  python3 test/lib/programs.py "$at" core | tr ' ' '\n' >"$at/programs" &&
    xargs ninja -C "$at" -j 2 test/libuv_in_use <"$at/programs"
}

# quietly COMMAND VERSION: shows the output of the command only if it fails.
quietly() {
  "$@" >"$build/log" 2>&1 || {
    tail -n 20 "$build/log"
    return 1
  }
}

# row LIBUV IO_URING PASSED FAILED SECONDS: adds a row to the table.
row() {
  # shellcheck disable=SC2059 # one format for all rows
  printf '%-14s  %-8s  %7s  %7s  %7s\n' "$@" >>"$table"
}

not_run() {
  echo "$1, io_uring $2: not run, $3"
  row "$1" "$2" 'not run' - -
  failed=1
}

# run_suites LIBUV on|off|-: runs the programs of the suite core in $at. Its
# other tests do not depend on libuv.
run_suites() {
  printf '\n== libuv %s, io_uring %s\n' "$1" "$2"
  start=$(date +%s)
  log=$(echo "$1-$2" | tr : -)
  # shellcheck disable=SC2046 # a list of words
  meson test -C "$at" --no-rebuild --quiet --print-errorlogs \
    --num-processes 2 --timeout-multiplier="$PATIENCE" --logbase "$log" --suite core \
    $(python3 test/lib/programs.py --tests "$at" core | sed 's/ .*//') ||
    failed=1
  all=$(wc -l <"$at/meson-logs/$log.json")
  passed=$(grep -c '"result": "OK"' "$at/meson-logs/$log.json" || :)
  row "$1" "$2" "$passed" "$((all - passed))" "$(($(date +%s) - start))"
}

# run_if_so LIBUV on|off|- VERSION pool|io_uring: runs the suites if libuv has
# that version and serves files by that means. A kernel may refuse io_uring.
run_if_so() {
  in_use=$("$at/test/libuv_in_use") || :
  if [ "$in_use" = "$3 $4" ]; then
    run_suites "$1" "$2"
  else
    not_run "$1" "$2" "because files are served by '$in_use', not '$3 $4'"
  fi
}

# try VERSION|OLD:NEW
try() {
  at=$(avow_of "${1%:*}")
  newer=${1#*:}
  if ! quietly build_libuv "${1%:*}" || ! quietly build_libuv "$newer" ||
    ! quietly build_avow "${1%:*}"; then
    not_run "$1" - 'see above'
    return
  fi
  export LD_LIBRARY_PATH="$build/uv-$newer/lib${CMOCKA:+:$CMOCKA/lib}"
  export UV_USE_IO_URING=0 PATIENCE=4 # a loop with io_uring starts slowly
  run_if_so "$1" off "$newer" pool
  case $1 in
  1.44.* | *:*) ;; # no io_uring; a pair runs only once
  1.49.* | 1.50.* | 1.51.*) ;; # ftruncate fails there: docs/libuv.md
  *)
    UV_USE_IO_URING=1
    run_if_so "$1" on "$newer" io_uring
    ;;
  esac
  unset LD_LIBRARY_PATH UV_USE_IO_URING PATIENCE
}

[ "${1:-}" != --make ] || {
  quietly build_libuv "$2"
  exit
}
[ $# -gt 0 ] || {
  # shellcheck disable=SC2046 # a list of words
  set -- $(sed -n 's/^\([0-9.]*\) .*/\1/p' test/ship/libuvs.txt)
  oldest=$1
  for newest; do :; done
  set -- "$@" "$oldest:$newest" "$newest:$oldest"
}
: >"$table"
row libuv io_uring passed failed seconds
for version; do
  try "$version"
done
printf '\n'
cat "$table"
awk 'NR > 1 { passed += $3; failed += $4 }
  END { print "result: " NR - 1 " combinations of libuv and io_uring, " \
    passed " suites passed, " failed " failed" }' "$table"
exit "$failed"
