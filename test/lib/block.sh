# SPDX-License-Identifier: MIT
# This file is sourced. `block NAME FILE` prints the block of FILE that follows
# <!-- NAME -->.
block() {
  awk -v mark="<!-- $1 -->" '
    $0 == mark { marked = 1 }
    /^```/ && inside { exit }
    inside { print; n++ }
    /^```/ && marked { inside = 1 }
    END { exit n == 0 }' "$2" ||
    { echo "$2 has no block <!-- $1 -->" >&2; exit 1; }
}
