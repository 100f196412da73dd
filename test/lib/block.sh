# SPDX-License-Identifier: MIT
# To be sourced. block NAME FILE: the block of FILE below <!-- NAME -->.
block() {
  awk -v mark="<!-- $1 -->" '
    $0 == mark { marked = 1 }
    /^```/ && inside { exit }
    inside { print; n++ }
    /^```/ && marked { inside = 1 }
    END { exit n == 0 }' "$2" ||
    { echo "$2 has no block <!-- $1 -->" >&2; exit 1; }
}
