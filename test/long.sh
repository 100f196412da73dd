#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the checks that take too long for .ci/run, one step after the other:
#
#   long.sh [--minutes N] [STEP...]   all steps, or these; fuzz N (10) minutes
#   long.sh --list                    the names of the steps
#
# The script continues when a step fails. It stores the output of each step in
# build-long/NAME.log and ends with a table. If the tree has no uncommitted
# changes, the script records each step with its commit for the table of the
# last runs in docs/testing.md. All steps take about three hours on two
# processors. They are meant for Debian 12, as root.
# $TEST262: a checkout of test262, which the step of that name needs. $STDEXEC: a
# checkout of stdexec, for the step execution.
set -eu
cd "$(dirname "$0")/.."
script='sh test/long.sh'
build=build-long
records=$build/steps
steps='tools analysers slow gcc_release asan_ubsan clang_debug clang_release
  no_async parts onefile steady valgrind coverage mcdc aplus test262 differential
  cancel simulate towns random depth thorough soak load hostile transfers bodies
  tls_memory writers races faults machines zig libuvs hosts musl execution site
  roots parents debian release reuse fuzzing'
core='-Dexamples=false -Dbench=false'
limit=7200
export CI=1 # tests fail if a component is missing
seed=$(date +%s)

tools() {
  node='nodejs npm'
  ! command -v node >/dev/null || ! command -v npm >/dev/null || node=
  more="libcmocka-dev g++ clang clang-tidy libclang-rt-14-dev cppcheck llvm
    gcovr gdb valgrind git graphviz libcurl4-openssl-dev libllhttp-dev
    libsqlite3-dev zlib1g-dev openssl nginx spin $node" . test/lib/packages.sh
}

# suite NAME COMPILER [MESON-OPTION...]
suite() {
  name=$1
  cc=$2
  shift 2
  # shellcheck disable=SC2086 # a list of words
  sh test/lib/suite.sh "$build/$name" "$cc" core $core "$@"
}

analysers() {
  meson setup "$build/analysers" >/dev/null
  BUILD="$build/analysers" sh test/proof/analyse.sh
}

# The tests that README's command leaves out.
slow() {
  sh test/lib/suite.sh "$build/slow" gcc slow
  ninja -C "$build/slow" --quiet headers_alone
}

# With the examples, which .ci/run has in debug builds.
gcc_release() {
  sh test/lib/suite.sh "$build/gcc-release" gcc all --buildtype=release \
    -Dsimulator=disabled
}

# With the examples and the simulator.
asan_ubsan() {
  sh test/lib/suite.sh "$build/asan-ubsan" clang all -Db_lundef=false \
    -Db_sanitize=address,undefined -Dbench=false -Dtrace=true
}

clang_debug() {
  suite clang-debug clang --buildtype=debug
}

clang_release() {
  suite clang-release clang --buildtype=release -Dswitch=portable
}

# The coverage is measured with traces and with async functions.
no_async() {
  suite no-async gcc -Dtrace=true -Dasync=disabled
}

onefile() {
  OUT="$build/onefile" sh test/ship/onefile.sh --suites
}

# The core with each part in turn, because parts must not use each other.
parts() {
  for part in trace stream sys flow loops; do
    suite "part-$part" gcc "-Dparts=$part" || return
  done
}

# The result of a test must not depend on the speed of the machine.
steady() {
  sh test/proof/steady.sh "$build/steady"
}

valgrind() {
  # WATCHED makes the tests count less.
  PATIENCE=10 WRAPPER="valgrind --quiet --error-exitcode=9 --leak-check=full
    --show-leak-kinds=definite,indirect
    --errors-for-leak-kinds=definite,indirect --trace-children=no
    --suppressions=$(pwd)/test/lib/valgrind.txt" \
    suite valgrind gcc -Dpool=disabled -Dc_args=-DWATCHED=1
}

coverage() {
  sh test/proof/coverage.sh
}

mcdc() {
  sh test/proof/mcdc.sh "$build/mcdc"
}

aplus() {
  sh test/proof/conformance/run.sh aplus
}

test262() {
  [ -n "${TEST262:-}" ] || {
    echo 'not run: set $TEST262 to a checkout of test262'
    return 77
  }
  sh test/proof/conformance/run.sh test262 "$TEST262"
}

# programs BUILDTYPE PROGRAM...: builds programs with or without assertions.
programs() {
  type=$1
  shift
  [ -f "$build/$type/build.ninja" ] ||
    meson setup "$build/$type" -Dtests=enabled "--buildtype=$type" >/dev/null
  (cd "$build/$type" && ninja --quiet "$@")
}

differential() {
  programs release test/proof/differential/interpret
  node test/proof/differential/run.js --count 1000000 --seed "$seed" \
    --interpreter "$build/release/test/proof/differential/interpret"
}

cancel() {
  programs release test/proof/cancel/cancel_interpret
  node test/proof/cancel/run.js --count 1000000 --seed "$seed" \
    --interpreter "$build/release/test/proof/cancel/cancel_interpret"
}

simulate() {
  programs debugoptimized test/proof/torture/simulate
  "$build/debugoptimized/test/proof/torture/simulate" --seeds 500000 --seed "$seed"
}

# Examples in the simulator, and its programs with and without defects.
towns() {
  programs debugoptimized test/sim/towns/towns \
    test/sim/defects/found_defects test/sim/defects/found_mended
  "$build/debugoptimized/test/sim/defects/found_defects" 10000
  "$build/debugoptimized/test/sim/defects/found_mended" 10000
  pids=
  for town in chat proxy proxy_breaks upload; do
    "$build/debugoptimized/test/sim/towns/towns" "$town" \
      --from "$seed" --seeds 1000000 &
    pids="$pids $!"
  done
  for pid in $pids; do
    wait "$pid"
  done
}

random() {
  programs debugoptimized test/proof/torture/fuzz-replay test/proof/calls/calls
  "$build/debugoptimized/test/proof/torture/fuzz-replay" --random 5000000 "$seed"
  for mode in 0 1 2 3; do
    "$build/debugoptimized/test/proof/calls/calls" --threads "$mode" "$seed" \
      $((seed + 20000))
  done
}

depth() {
  programs release test/test_engine test/test_tools
  for suite in 'engine depth' 'engine depth_async' 'tools depth_tools'; do
    # shellcheck disable=SC2086 # two words
    LINKS=1000000 LEVELS=1000000 "$build/release/test/test_"$suite
  done
}

# All cases of tests that .ci/run samples: allocation failures, failing system
# calls, and random programs of the simulator.
thorough() {
  at=$build/debugoptimized/test
  programs debugoptimized test/test_channel test/test_engine test/test_flow \
    test/test_uv test/test_tools test/test_proof_refused_look \
    test/proof/syscalls/test_syscalls test/sim/fs_calls test/sim/fs_calls_sim \
    test/sim/sequences test/sim/sequences_sim test/sim/test_sim_houses
  THOROUGH=1 "$at/proof/syscalls/test_syscalls"
  THOROUGH=1 "$at/test_proof_refused_look" refused_look
  for suite in 'channel oom_channel' 'flow oom_stage' 'engine oom' \
    'engine oom_async' 'uv oom_io' 'uv oom_net' 'uv oom_process' \
    'flow oom_audience' 'tools oom_tools'; do
    # shellcheck disable=SC2086 # two words
    THOROUGH=1 "$at/test_"$suite
  done
  "$at/sim/test_sim_houses" 2500
  sh test/sim/test_sequences.sh "$at/sim/sequences" "$at/sim/sequences_sim" 10000
  sh test/sim/test_fs_calls.sh "$at/sim/fs_calls" "$at/sim/fs_calls_sim" 3000
}

soak() {
  programs release test/proof/torture/soak
  "$build/release/test/proof/torture/soak" 1000000000
}

transfers() {
  programs debugoptimized test/test_adapters_curl
  for suite in perform_end curl_storm curl_nginx; do
    STORM=10000 "$build/debugoptimized/test/test_adapters_curl" "$suite"
  done
}

# Each allocation of OpenSSL fails in turn, not only one in 97.
tls_memory() {
  programs debugoptimized test/test_adapters_tls
  THOROUGH=1 "$build/debugoptimized/test/test_adapters_tls" oom_openssl
}

# PATIENCE is large because each test takes minutes.
bodies() {
  programs debugoptimized test/test_adapters_curl
  BODIES=100 MIB=1024 PATIENCE=20 \
    "$build/debugoptimized/test/test_adapters_curl" curl_bodies
}

load() {
  programs release load
}

# Attacks the servers of the examples and of docs/recipes-system.md for
# $HOSTILE_SECONDS (3600) in total.
hostile() {
  programs debugoptimized all
  names=$(meson test -C "$build/debugoptimized" --suite hostile --list |
    grep -c 'hostile clients')
  HOSTILE_SECONDS=$((${HOSTILE_SECONDS:-3600} / names)) \
    HOSTILE_CONNECTIONS=3000 meson test -C "$build/debugoptimized" \
    --no-rebuild --suite hostile --num-processes 1 --timeout-multiplier 0
}

writers() {
  programs release test/test_sys
  ROUNDS=10000 "$build/release/test/test_sys" atomic_file
}

# Trees, while a process exchanges their entries.
races() {
  programs release test/test_sys
  for suite in copy_tree remove walk; do
    ROUNDS=2000 "$build/release/test/test_sys" "$suite"
  done
}

faults() {
  sh test/proof/faults/check.sh
}

machines() {
  BUILD=$build/machines sh test/ship/machines.sh
}

zig() {
  BUILD=$build/zig sh test/ship/zig.sh
}

libuvs() {
  BUILD=$build/libuvs sh test/ship/libuvs.sh
}

hosts() {
  BUILD=$build/hosts sh test/ship/hosts.sh
}

musl() {
  BUILD=$build/musl sh test/ship/musl.sh
}

execution() {
  [ -n "${STDEXEC:-}" ] || {
    echo 'not run: set $STDEXEC to a checkout of stdexec'
    return 77
  }
  OUT="$build/execution" sh test/ship/execution.sh
}

# Opens each page of the site in Chromium.
site() {
  needed=chromium . test/lib/packages.sh
  sh test/ship/site/site.sh "$build/site"
}

roots() {
  sh test/ship/roots.sh
}

parents() {
  sh test/ship/parents.sh
}

# Builds the packages as Debian's build machines do.
debian() {
  BUILD=$build/debian sh test/ship/debian.sh
}

# Makes a release in a clone. The skipped parts are steps of this script.
release() {
  version=$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' \
    include/avow/config.h)
  bash .ci/release "$version" --dry-run --into "$build/release" \
    --skip clean --skip ci --skip debian
}

reuse() {
  sh test/ship/licences.sh
}

fuzzing() {
  sh test/proof/torture/fuzz.sh $((${MINUTES:-10} * 60))
}

case "${1:-}" in
--list)
  printf '%s\n' $steps
  exit
  ;;
--step)
  "$2"
  exit
  ;;
--minutes)
  export MINUTES="$2"
  limit=$((limit + MINUTES * 60))
  shift 2
  ;;
esac

mkdir -p "$build"
: >"$records"
. test/lib/steps.sh
commit=$(git rev-parse --short=8 HEAD)
[ -z "$(git status --porcelain --untracked-files=no)" ] || {
  commit=
  echo 'this tree has uncommitted changes; the results are not recorded'
}

# Records the result of the last step for docs/testing.md if the step ran.
record() {
  # shellcheck disable=SC2046 # words
  set -- $(tail -n 1 "$records")
  [ -n "$commit" ] && [ "$1" != tools ] && [ "$4" != 'not' ] || return 0
  python3 test/proof/record.py add "$1" "$commit" "$4" "$2" "$build/$1.log"
}

# shellcheck disable=SC2068 # a list of words
for step in ${@:-$steps}; do
  printf '%s %s\n' "$(date '+%F %T')" "$step"
  take_step "$step" "$limit" >"$build/$step.log" 2>&1
  record
  ! tail -n 1 "$records" | grep -q FAILED || {
    tail -n 40 "$build/$step.log"
    echo "$step failed: see $build/$step.log"
  }
done
printf '\n'
print_table
[ "$(failed_steps)" = 0 ]
