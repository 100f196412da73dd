#!/bin/sh
# SPDX-License-Identifier: MIT
# Compile avow as one file (src/onefile.py), and run the program of the start
# page with it.
#
#   onefile.sh               with some compilers, levels and parts
#   onefile.sh --suites      with all of them, and the tests of the library
#   onefile.sh --core BUILD PATTERN
#                            only suites of the core, with a debug build without
#                            parts, whose library is replaced
#
# The tests call private functions, which are not static for them. Suites that
# replace private functions are left out: in one file, the linker cannot do it.
# Their programs are not linked.
set -eu
cd "$(dirname "$0")/../.."
. test/lib/block.sh
out=${OUT:-build-onefile}
flags=$(pkg-config --cflags --libs libuv)
replaced='blocked|cached_file|sendfile|refused_disk|refused_look|refused_walk'
other='shadowed|layers|plug|hosted|interface|hardened|symbols|ffi'

# make FILE CHECKED COMMAND...: compiles the file and looks at its symbols.
make() {
  file=$1
  checked=$2
  shift 2
  echo "$* -DAVOW_CHECKED=$checked $file.c"
  "$@" -Wall -Wextra -Werror "-DAVOW_CHECKED=$checked" -c "$out/$file.c" \
    -o "$out/avow.o"
  # The symbols of assembly are hidden.
  if readelf --wide --symbols "$out/avow.o" |
    awk '$5 == "GLOBAL" && $6 == "DEFAULT" && $7 ~ /[0-9]/ { print $8 }' |
    grep -v '^avow_[a-z]'; then
    echo "$file.c has these symbols, which are not public" >&2
    exit 1
  fi
}

# Links the program of the start page, and prints the version that it prints.
run() {
  # shellcheck disable=SC2086 # words
  cc "$out/first.c" "$out/avow.o" "-I$out" $flags -lm -o "$out/first"
  "$out/first" | sed -n '2p'
}

# suites BUILD FILE PATTERN: runs the suites whose names match, with the file in
# place of the library. An archive that is newer than its files is not made
# again.
suites() {
  lib=$1/src/libavow-checked.a
  gcc -std=c11 -O1 -g -DAVOW_CHECKED=1 -DAVOW__PRIVATE= -DAVOW_VALGRIND \
    -fvisibility=hidden -c "$out/$2.c" -o "$out/private.o"
  rm "$lib"
  ar rcs "$lib" "$out/private.o"
  ninja -C "$1" --quiet -k 0 >"$out/link.log" 2>&1 || : # see above
  # shellcheck disable=SC2046 # names
  meson test -C "$1" --no-rebuild --print-errorlogs --quiet \
    --timeout-multiplier=3 --no-suite docs --no-suite slow \
    $(meson test -C "$1" --no-rebuild --list --no-suite docs --no-suite slow |
      sed -n "s#.* / \\($3\\)\$#\\1#p" |
      grep -vE "($replaced|$other)\$")
}

python3 src/onefile.py "$out"
if [ "${1:-}" = --core ]; then
  suites "$2" avow "$3"
  exit
fi
block 'first program' docs/start.md |
  sed 's|^  avow_loop_close|  puts(avow_version_string());\n&|' >"$out/first.c"
version=$(sed -n 's/^#define AVOW_VERSION  *"\(.*\)"/\1/p' "$out/avow.h")

for header in avow avow-all; do
  g++ -std=c++11 -pedantic-errors -Wall -Wextra -Werror -fsyntax-only \
    -x c++-header "$out/$header.h"
done
if grep -h '^ *# *define ' "$out"/*.h | grep -v 'define AVOW_'; then
  echo 'a header defines these macros, which do not begin with AVOW_' >&2
  exit 1
fi

# The commands of README. The last one makes a library for a release.
block 'one file' README.md >"$out/lines"
grep -v '^python3' "$out/lines" | sed "s|build-onefile|$out|" |
  while read -r line; do
    sh -c "$line -o $out/avow.o"
    run
  done >"$out/versions"
diff "$out/versions" - <<EOF
$version (checked)
$version
EOF

# Only compilers that define __GNUC__ see extensions of C.
clang -std=c11 -pedantic-errors -Wgnu -Werror -U__GNUC__ -fsyntax-only \
  "$out/avow-all.c"

make avow 1 cc
make avow 0 gcc -std=c11 -O3
make avow-all 0 clang -std=c11 -O1
make avow-all 1 gcc -std=c11 -O2 -fcf-protection -D_FORTIFY_SOURCE=2
run
# As on processors without assembly, whose stacks longjmp() would reject.
make avow 1 gcc -std=c11 -O2 -U__ELF__ -D_FORTIFY_SOURCE=2
run
[ "${1:-}" = --suites ] || exit 0

for compiler in gcc clang; do
  for level in 0 1 2 3 s; do
    for checked in 0 1; do
      for file in avow avow-all; do
        make "$file" "$checked" "$compiler" -std=c11 "-O$level"
      done
    done
  done
done

sh test/lib/suite.sh "$out/suites" gcc docs -Doptimization=1 \
  -Dsimulator=disabled -Dexamples=false -Dbench=false \
  -Ddefault_library=static -Dcurl=disabled -Dnats=disabled -Dtls=disabled
suites "$out/suites" avow-all '[a-z_]*/[a-z_]*'
