# SPDX-License-Identifier: MIT
# Reads Meson's testlog.txt and prints the skipped tests. Fails if a skipped
# test needs only a package, or if it prints no reason.
#
# A test prints `skipped: WHY` if the system cannot run it, and `missing: WHAT`
# if the user can install what it needs.

function end_of_test() {
  for (one in silent)
    left--
  if (left < 0)
    note("MISSING: no reason is given", name)
  split("", silent)
  left = 0
}

function note(what, who) {
  if (!((what, who) in seen))
    whom[what] = whom[what] (whom[what] == "" ? "" : ", ") who
  seen[what, who] = 1
}

/^test: / {
  end_of_test()
  name = $0
  sub(/^test: +/, "", name)
  sub(/.* \/ /, "", name)      # older versions of Meson
  sub(/.* - [^:]*:/, "", name) # newer versions of Meson
}
/^result: +exit status 77/ { silent["all of it"] = 1 }
/^\[ +SKIPPED *\] [a-z0-9_]+$/ { silent[$NF] = 1 }
/^skipped: / {
  note(substr($0, 10), name)
  left++
}
/^missing: / {
  note("MISSING: " substr($0, 10), name)
  left++
}

END {
  end_of_test()
  for (what in whom) {
    if (!lines++)
      print "\nSkipped:"
    print "  " whom[what] ": " what
    failed = failed || what ~ /^MISSING/
  }
  exit failed
}
