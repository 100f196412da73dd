# SPDX-License-Identifier: MIT
# Runs the steps of a script, and prints a table of them. To be sourced by a
# script that, called with `--step NAME`, does that step and no other: each is a
# process of its own, which is ended, with all it started, when its time is up.
#
# What a step takes is said in seconds, and in those that two processors that
# had nothing else to do would need at least: half of what it used of them.
# shellcheck shell=sh

# Seconds of processors that the processes which ended so far have used.
used() {
  times >"$records.times" # not in a subshell, which has used nothing yet
  awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' \
    "$records.times" >"$records.used"
}

# Who ends the script ends its step, which therefore is in the background, where
# a shell ignores SIGINT; what the step starts must not.
taken=
trap '[ -z "$taken" ] || kill "$taken" 2>/dev/null; exit 1' HUP INT TERM

# NAME LIMIT: runs a step of $script for at most so many seconds.
take_step() {
  used
  used_before=$(cat "$records.used")
  began=$(date +%s)
  outcome=passed
  # shellcheck disable=SC2086 # a shell, and what it is to run
  timeout -k 10 "$2" env --default-signal=INT,QUIT $script --step "$1" \
    </dev/null &
  taken=$!
  wait "$taken" || {
    status=$?
    outcome=FAILED
    [ "$status" != 124 ] || outcome="FAILED after $2 s"
  }
  taken=
  used
  echo "$1 $(($(date +%s) - began)) \
$((($(cat "$records.used") - used_before + 1) / 2)) $outcome" >>"$records"
}

# TIER: of the steps taken since $records was emptied.
print_table() {
  awk -v tier="$1" '
    BEGIN {
      printf "%-16s %-12s %8s %8s\n", "step", "tier", "seconds", "cpu / 2"
    }
    {
      printf "%-16s %-12s %8d %8d ", $1, tier, $2, $3
      for (i = 4; i <= NF; i++)
        printf " %s", $i
      print ""
      seconds += $2
      half += $3
    }
    END { printf "%-16s %-12s %8d %8d\n", "all", tier, seconds, half }
    ' "$records"
}

# What they used of two processors.
half_of_all() {
  awk '{ half += $3 } END { print half + 0 }' "$records"
}

failed_steps() {
  grep -c FAILED "$records" || true
}
