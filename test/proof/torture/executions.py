#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the number of inputs that each fuzz target ran in the tests of a build.

    executions.py BUILD
"""
import json
import re
import sys

ran = {}
with open(sys.argv[1] + "/meson-logs/testlog.json", encoding="utf-8") as log:
    for test in map(json.loads, log):
        inputs = re.search(r"^(\d+) inputs$", test.get("stdout", ""), re.M)
        if inputs:
            ran[test["name"].split()[-1]] = int(inputs[1])
if not ran:
    sys.exit("no fuzz target ran in " + sys.argv[1])
print("fuzzing, inputs run:",
      ", ".join(f"{name} {n}" for name, n in sorted(ran.items())))
