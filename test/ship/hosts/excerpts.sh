#!/bin/sh
# SPDX-License-Identifier: MIT
# Check that documents quote test files and examples exactly. Each block below
# <!-- test/FILE --> or <!-- examples/FILE --> must be in that file.
set -eu
cd "$(dirname "$0")/../../.."

# compare DOCUMENT: it must have such blocks, and each must be in its file.
compare() {
  awk '
    function whole(file,    text, line) {
      text = "\n"
      while ((getline line <file) > 0)
        text = text line "\n"
      close(file)
      return text
    }
    function compare() {
      if (index(whole(file), "\n" block) > 0)
        found++
      else {
        print FILENAME ":" NR ": this block is not in " file
        wrong++
      }
      file = ""
    }
    /^```/ && inside { inside = 0; compare() }
    inside { block = block $0 "\n" }
    /^<!-- (test|examples)\/[^ ]* -->$/ { file = $2 }
    /^```./ && file != "" { inside = 1; block = "" }
    END { exit wrong > 0 || found == 0 }' "$1"
}

compare docs/cpp.md
compare docs/node.md
compare docs/embedding.md
compare docs/exit.md
compare docs/simulator.md
compare docs/testing-your-program.md
compare docs/adapters.md
