#!/bin/sh
# SPDX-License-Identifier: MIT
# Print the table of docs/connector.md from counts. With --check, compare it
# with the page.
set -eu
cd "$(dirname "$0")/../../.."

count() { grep -c "$@" || true; }

lines() { # without empty lines and comments
  sed 's|/\*.*\*/||' "$1" | awk '
    /^\/\*/ { inside = 1 }
    !inside && /[^ ]/ { n++ }
    /\*\// { inside = 0 }
    END { print n }'
}

row() {
  file=docs/connector/$1.c
  states=$(sed -n 's/^typedef enum { \(.*\) } state_t;/\1/p' "$file" | wc -w)
  callbacks=$(count -E \
    '^static (void \w+\(uv_|avow_value_t \w+\(const avow_value_t)' <"$file")
  printf '| %s | %d | %d | %d |\n' "[$1.c](connector/$1.c)" \
    "$(lines "$file")" "$states" "$callbacks"
}

table() {
  echo '| | lines of code | states | callbacks and handlers |'
  echo '|---|---|---|---|'
  row raw
  row then
  row await
}

case ${1-} in
--check)
  table | while read -r line; do
    grep -qxF "$line" docs/connector.md || {
      echo "docs/connector.md lacks this row: $line" >&2
      exit 1
    }
  done
  ;;
*) table ;;
esac
