# SPDX-License-Identifier: MIT
# What docs/recipes-system.md shows of a server that stops, without its example().
/^## / { chosen = $0 == "## Stop a server" }
/^```/ { in_c = chosen && $0 == "```c"; next }
in_c && /^static avow_value_t example\(/ { exit }
in_c { print }
