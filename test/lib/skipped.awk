# SPDX-License-Identifier: MIT
# Reads Meson's testlog.txt and says what was left out. Fails if a package would
# have it run, or if a test does not say why it leaves something out.
#
# Tests print `skipped: WHY` for what the system cannot do, and `missing: WHAT`
# for what can be installed.

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
  sub(/.* \/ /, "", name)    # of Meson's older
  sub(/.* - [^:]*:/, "", name) # and newer versions
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
      print "\nLeft out:"
    print "  " whom[what] ": " what
    failed = failed || what ~ /^MISSING/
  }
  exit failed
}
