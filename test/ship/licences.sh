#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that each source names its license in one of its first lines, and that
# reuse (https://reuse.software) knows the license of every file. Files without
# comments are listed in .reuse/dep5.
#
#   licences.sh           checks both
#   licences.sh --lines   checks only the lines, which needs no package
set -eu
cd "$(dirname "$0")/../.."

mark='SPDX-License'-Identifier # split, or reuse would read it as a license
# The corpora are data, although some names look like sources.
lacking=$(git ls-files .ci '*.c' '*.h' '*.cc' '*.cpp' '*.S' '*.pml' '*.sh' \
  '*.py' '*.pl' '*.js' '*.lua' '*.awk' '*.go' '*.rs' '*.in' '*.yml' '*.wrap' \
  '*.build' '*meson_options.txt' '*CMakeLists.txt' ':!*/corpus/*' |
  while IFS= read -r file; do
    head -n 6 "$file" | grep -q "$mark: MIT" ||
      printf '%s\n' "$file"
  done)
[ -z "$lacking" ] || {
  printf '%s\n' "$lacking"
  echo "these files lack the line $mark: MIT"
  exit 1
}
[ "${1:-}" = --lines ] || {
  more=reuse . test/lib/packages.sh
  reuse lint
}
