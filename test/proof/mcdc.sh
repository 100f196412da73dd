#!/bin/sh
# SPDX-License-Identifier: MIT
# Does each condition of src matter to the tests? Prints how many do, file by
# file, and names those of which no two runs showed it, apart from those that
# mcdc/listed.txt gives a reason for: see mcdc/mcdc.py. Installs clang 19, which
# counts them, on Debian and Ubuntu.
#
#   mcdc.sh [DIRECTORY]     where to build, and to leave what was counted
#   mcdc.sh --sample [DIR]  only one folder's tests: does this script work?
#
# Debug builds, for their checks are conditions, too, but without assertions. In
# a release build the program goes on where these end it: that counts as well.
# Macros are expanded first, so that what is counted is what they stand for.
set -eu
sample=
[ "${1:-}" != --sample ] || { sample=1; shift; }
cd "$(dirname "$0")/../.."
root=$(pwd)
needed='gcc g++ libc6-dev meson ninja-build pkg-config libuv1-dev libcmocka-dev
  python3 clang-19 llvm-19 libclang-rt-19-dev' . test/lib/packages.sh
export LLVM_PROFILE_FILE=/dev/null # of what Meson tries
work=$(realpath -m "${1:-$(mktemp -d)}")
mkdir -p "$work"

counted='-fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc'
counted="$counted -fprofile-update=atomic -DAVOW__OVERFLOW=1"
# The sample leaves macros as they are, which takes a third of the time.
[ -n "$sample" ] || counted="$counted -save-temps=obj"
clang-19 -O1 -c "$root/test/proof/mcdc/share.c" -o "$work/share.o"
linked="-fprofile-instr-generate $work/share.o"
linked="$linked -Wl,-T,$root/test/proof/mcdc/share.ld"

# NAME "TEST-OR-SUITE..." FLAGS OPTION...
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
    echo 'write these so that no condition is in the operand of another'
    exit 1
  }
  rm -rf "$work/$name.raw"
}

# NAME TEST...
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

# NAME: what its library's conditions came to.
show() {
  clang-19 -shared -fprofile-instr-generate -o "$work/$1.so" \
    "$work/$1"/src/libavow.a.p/*.o -luv -lm -lpthread
  llvm-profdata-19 merge -o "$work/$1.profile" "$work/$1.raw"
  llvm-cov-19 show -show-mcdc -show-branches=count "$work/$1.so" \
    -instr-profile "$work/$1.profile" >"$work/$1.shown" 2>"$work/$1.warnings"
}

# Without a pool each promise may lack its memory.
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
  echo 'result: the library compiles for MC/DC, and one folder is counted'
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
