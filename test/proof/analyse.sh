#!/bin/sh
# SPDX-License-Identifier: MIT
# Run the static analyzers, which must report nothing. A comment beside a line
# gives the reason if an analyzer is wrong. The script needs the versions of
# Debian 12: gcc 12, cppcheck 2.10 and the tools of clang 14. Other versions may
# report more. $BUILD is a build directory with a compile_commands.json. The
# checks of clang-tidy include those of clang's analyzer, so scan-build is not
# needed.
#
#   analyse.sh [--changed]   all files, or only files of src that changed
#                            recently or that include such a file
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

flags="-std=c11 -D_POSIX_C_SOURCE=200809L -DAVOW_BUILDING -Iinclude -Isrc
  $(pkg-config --cflags libuv)"
jobs=$(nproc)

git ls-files 'src/*.c' >"$work/library"
# These include headers that are not installed.
git ls-files 'src/*.c' 'examples/*.c' 'bench/*.c' ':!bench/peers/libdex.c' \
  ':!bench/peers/neco.c' ':!examples/napi' ':!examples/languages' \
  >"$work/all"

# concerned LIST: prints the library's sources that depend on a file of LIST.
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
    echo "--changed needs the dependencies of a build; build $build first"
    exit 1
  }
  changed_files src include >"$work/of-late"
  concerned "$work/of-late" >"$work/changed" || :
  # A change of .clang-tidy affects all files.
  [ -z "$(changed_files .clang-tidy)" ] ||
    cp "$work/library" "$work/changed"
  echo "$(wc -l <"$work/changed") of $(wc -l <"$work/library") files"
  cp "$work/changed" "$work/library"
  cp "$work/changed" "$work/all"
fi

# on_each COMMAND...: runs the command on each file that the input names. The
# input must not be a pipe, because then $failed would be set in a subshell.
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
