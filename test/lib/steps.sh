# SPDX-License-Identifier: MIT
# Runs the steps of a script, and prints a table of them. To be sourced by a
# script that, called with `--step NAME`, does that step and no other: each is a
# process of its own, which is ended, with all it started, when its time is up.
#
# The table has the seconds that each step took, and the processor seconds that
# it used: two idle processors need at least half of these.
# shellcheck shell=sh

# Seconds of processors that the processes which ended so far have used.
used() {
  times >"$records.times" # not in a subshell, which has used nothing yet
  awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' \
    "$records.times" >"$records.used"
}

# A step that exits with 77 could not run, and has said why.
#
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
    case $status in
    77) outcome='not run' ;;
    124) outcome="FAILED after $2 s" ;;
    *) outcome=FAILED ;;
    esac
  }
  taken=
  used
  echo "$1 $(($(date +%s) - began)) \
$(($(cat "$records.used") - used_before)) $outcome" >>"$records"
}

# Of the steps taken since $records was emptied.
print_table() {
  awk '
    BEGIN { printf "%-16s %8s %10s  %s\n", "step", "seconds", "processor", "" }
    {
      printf "%-16s %8d %10d  ", $1, $2, $3
      for (i = 4; i <= NF; i++)
        printf "%s ", $i
      print ""
      seconds += $2
      processor += $3
    }
    END { printf "%-16s %8d %10d\n", "all", seconds, processor }
    ' "$records"
}

failed_steps() {
  grep -c FAILED "$records" || true
}
