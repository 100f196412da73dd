# SPDX-License-Identifier: MIT
# Prints the code of "Stop a server" in docs/recipes-system.md without its
# example().
/^## / { chosen = $0 == "## Stop a server" }
/^```/ { in_c = chosen && $0 == "```c"; next }
in_c && /^static avow_value_t example\(/ { exit }
in_c { print }
