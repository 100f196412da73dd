#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the static analyzers, which must report nothing. Where an analyzer is
# wrong, the reason stands beside the line. The script needs gcc 12, cppcheck
# 2.10 and the tools of clang 14, as Debian 12 has them; other versions may
# report more. BUILD is a build directory with a compile_commands.json. The
# checks of clang-tidy include all of clang's analyzer, which scan-build would
# run.
#
#   analyse.sh [--changed]   all, or those of src that changed of late, with
#                            those that include what did
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-std=c11 -D_POSIX_C_SOURCE=200809L -DAVOW_BUILDING -Iinclude -Isrc
  $(pkg-config --cflags libuv)"
jobs=$(nproc)

git ls-files 'src/*.c' >"$work/library"
git ls-files 'src/*.c' 'examples/*.c' 'bench/*.c' ':!bench/peers/neco.c' \
  >"$work/all" # neco itself is not here

# The paths of these files, of which some changed: of the library, those that
# were compiled from one, as the build knows.
concerned() {
  ninja -C "$build" -t deps | awk '
    NR == FNR { changed[$1]; next }
    /^[^ ]/ { of = ""; next }
    {
      path = $1
      sub(/.*\/src\//, "src/", path) || sub(/.*\/include\//, "include/", path)
      if (of == "") of = path
      if (path in changed) print of
    }' "$1" - | grep -xF -f "$work/library" | sort -u
}

if [ "${1:-}" = --changed ]; then
  . test/lib/changed.sh
  [ -n "$(ninja -C "$build" -t deps | head -n 1)" ] || {
    echo "$build has to be built for that"
    exit 1
  }
  changed_files src include >"$work/of-late"
  concerned "$work/of-late" >"$work/changed" || :
  # A change of .clang-tidy concerns all files.
  [ -z "$(changed_files .clang-tidy)" ] ||
    cp "$work/library" "$work/changed"
  echo "$(wc -l <"$work/changed") of $(wc -l <"$work/library") files"
  cp "$work/changed" "$work/library"
  cp "$work/changed" "$work/all"
fi

# COMMAND...: on each of the files named by the input, which is no pipe: what
# fails in one is forgotten.
on_each() {
  xargs -r -P "$jobs" -n 1 "$@" || failed=1
}

failed=0

echo 'gcc -fanalyzer'
# shellcheck disable=SC2086 # a list of words
on_each gcc $flags -O1 -fanalyzer -Werror -c -o /dev/null <"$work/library"

echo 'cppcheck'
# shellcheck disable=SC2086
cppcheck --quiet --std=c11 --inline-suppr --error-exitcode=1 -j "$jobs" \
  --enable=warning,performance,portability --suppress=missingIncludeSystem \
  -D__cppcheck__ -D_POSIX_C_SOURCE=200809L -DAVOW_BUILDING -Iinclude -Isrc \
  src || failed=1

echo 'clang-tidy'
on_each clang-tidy -p "$build" --quiet <"$work/all" 2>/dev/null

exit $failed
