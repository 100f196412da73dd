# SPDX-License-Identifier: MIT
# Functions that run the steps of a script and print a table of them. A script
# sources this file. Called with `--step NAME`, the script runs that step only.
# Each step is a process of its own. A timeout ends the step and its processes.
#
# The table has the elapsed seconds and the processor seconds of each step. On
# two processors, a step takes at least half of its processor seconds.
#
# shellcheck shell=sh

# Prints the processor seconds of the processes that have ended.
used() {
  times >"$records.times" # the times of a subshell would start at 0
  awk -F '[ms ]+' 'NR == 2 { print int($1 * 60 + $2 + $3 * 60 + $4) }' \
    "$records.times" >"$records.used"
}

# A step that could not run prints the reason and exits with 77.
#
# A signal that ends the script must end its step too. Therefore the step runs
# in the background, where a shell ignores SIGINT. Programs that the step
# starts must not ignore it.
taken=
trap '[ -z "$taken" ] || kill "$taken" 2>/dev/null; exit 1' HUP INT TERM

# take_step NAME LIMIT: runs a step of $script for at most LIMIT seconds.
take_step() {
  used
  used_before=$(cat "$records.used")
  began=$(date +%s)
  outcome=passed
  # shellcheck disable=SC2086 # a shell and its script
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

# Prints the steps taken since $records was emptied.
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
