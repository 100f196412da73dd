#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that the tests show the effect of each condition in src (MC/DC). The
# script prints the number of such conditions in each file. It names the
# conditions for which no two runs show the effect, except those that
# mcdc/listed.txt excuses; see mcdc/mcdc.py. On Debian and Ubuntu, the script
# installs clang 19, which counts the conditions.
#
#   mcdc.sh [DIRECTORY]     builds there, and writes the counts there
#   mcdc.sh --sample [DIR]  runs the tests of one folder only, to test this
#                           script
#
# The builds are checked builds, because their checks are conditions too, but
# without assertions. A release build counts as well, because there the program
# continues after misuse. Macros are expanded first, so that their conditions
# count.
set -eu
sample=
[ "${1:-}" != --sample ] || { sample=1; shift; }
cd "$(dirname "$0")/../.."
root=$(pwd)
needed='gcc g++ libc6-dev meson ninja-build pkg-config libuv1-dev libcmocka-dev
  python3 clang-19 llvm-19 libclang-rt-19-dev' . test/lib/packages.sh
export LLVM_PROFILE_FILE=/dev/null # for programs that Meson runs
work=$(realpath -m "${1:-$(mktemp -d)}")
mkdir -p "$work"

counted='-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc'
counted="$counted -fprofile-update=atomic -DAVOW__OVERFLOW=1"
# The sample does not expand macros, which saves two thirds of the time.
[ -n "$sample" ] || counted="$counted -save-temps=obj"
clang-19 -O1 -c "$root/test/proof/mcdc/share.c" -o "$work/share.o"
linked="-fprofile-instr-generate $work/share.o"
linked="$linked -Wl,-T,$root/test/proof/mcdc/share.ld"

# build NAME "TEST-OR-SUITE..." FLAGS OPTION...
build() {
  name=$1
  tests=$2
  flags=$3
  shift 3
  [ -f "$work/$name/build.ninja" ] || {
    CC=clang-19 CXX=g++ meson setup "$work/$name" "$root" \
      -Dtests=enabled -Dexamples=false -Dbench=false -Dsimulator=disabled \
      -Db_pch=false \
      -Ddefault_library=static --buildtype=debug \
      "-Dc_args=$counted $flags" "-Dc_link_args=$linked" "$@" \
      >"$work/$name.setup" || {
      cat "$work/$name.setup"
      exit 1
    }
  }
  # shellcheck disable=SC2046,SC2086 # lists
  ninja -C "$work/$name" \
    $(python3 "$root/test/lib/programs.py" "$work/$name" $tests) \
    >"$work/$name.build" || {
    cat "$work/$name.build"
    exit 1
  }
  ! grep -A 2 '/src/.*unsupported MC/DC' "$work/$name.build" || {
    echo 'change these lines: an operand of a condition contains another one'
    exit 1
  }
  rm -rf "$work/$name.raw"
}

# run NAME TEST...
run() {
  name=$1
  shift
  LLVM_PROFILE_FILE="$work/$name.raw/%p-%m.profraw" \
    meson test -C "$work/$name" --no-rebuild --print-errorlogs \
    --timeout-multiplier=2 "$@" >"$work/$name.log" || {
    cat "$work/$name.log"
    exit 1
  }
}

# show NAME: writes the counts of the conditions in the library.
show() {
  clang-19 -shared -fprofile-instr-generate -o "$work/$1.so" \
    "$work/$1"/src/libavow*.a.p/*.o -luv -lm -lpthread
  llvm-profdata-19 merge -o "$work/$1.profile" "$work/$1.raw"
  llvm-cov-19 show -show-mcdc -show-branches=count "$work/$1.so" \
    -instr-profile "$work/$1.profile" >"$work/$1.shown" 2>"$work/$1.warnings"
}

# Without a pool, the allocation of each promise can fail.
without='-I'$root/test/proof/mcdc
more='syscalls uvmemory corpus'
some='engine/pool engine/oom engine/dump engine/cancel engine/async
  tools/oom_tools tools/each tools/group tools/map uv/op uv/happy_eyeballs
  loops/loops loops/loops_fails loops/loops_many'
if [ -n "$sample" ]; then
  build sample value "$without" -Dpool=enabled -Dtrace=true
  run sample --suite value
  show sample
  grep -q 'MC/DC Coverage for Decision' "$work/sample.shown"
  echo 'result: the library compiles for MC/DC, and one folder was measured'
  exit
fi
build pool "core $more" "$without" -Dpool=enabled -Dtrace=true
run pool --suite core
# shellcheck disable=SC2086 # a list of words
run pool $more
show pool
build plain "$some" "$without" -Dpool=disabled
# shellcheck disable=SC2086 # a list of words
run plain $some
show plain
build release core '-Wno-unused' -Dpool=enabled -Db_ndebug=true
run release --suite core
show release

python3 test/proof/mcdc/mcdc.py test/proof/mcdc/listed.txt "$work/pool.shown" \
  "$work/plain.shown" "$work/release.shown"
[ $# -gt 0 ] || rm -r "$work"
