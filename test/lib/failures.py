#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the failure message and the last output of each failed test in the
builds below a directory. Repeated lines are printed once.

failures.py DIRECTORY
"""
import itertools
import json
import os
import sys

LINES = 12
SPOKEN = ("[ RUN ", "[       OK ]")
TELLING = ("[  ERROR", "[  FAILED", "[   LINE", "FAIL", "==", "ERROR:")


def logs(directory):
    for path, _, names in sorted(os.walk(directory)):
        if os.path.basename(path) == "meson-logs":
            for name in sorted(names):
                if name.startswith("testlog") and name.endswith(".json"):
                    yield path, os.path.join(path, name)


def words(test):
    said = test.get("stdout", "") + test.get("stderr", "")
    lines = (line for line in said.splitlines() if not line.startswith(SPOKEN))
    lines = [line for line, _ in itertools.groupby(lines)]
    telling = [line for line in lines[:-LINES] if line.startswith(TELLING)]
    return telling[-LINES:] + lines[-LINES:]


for path, log in logs(sys.argv[1]):
    with open(log, encoding="utf-8", errors="replace") as lines:
        for test in map(json.loads, lines):
            if test["result"] in ("FAIL", "TIMEOUT", "ERROR"):
                build = os.path.relpath(os.path.dirname(path), sys.argv[1])
                print(f"\n{test['result']} in {build}: {test['name']}")
                print("\n".join("  " + line for line in words(test)))
