#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what a checked build costs with a release build.

  checked.py CHECKED RELEASE [--write]

CHECKED and RELEASE are build folders with benchmarks: the first as `meson
setup` makes it, the second with --buildtype=release. Runs each benchmark in
turn in both, and prints the medians. Fails if a row is above its limit.
--write also writes the table to docs/misuse.md.
"""
import csv
import io
import os
import re
import statistics
import subprocess
import sys

ROUNDS = 7
PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    '..', 'docs', 'misuse.md')
HEAD = '| operation | release | checked | ratio | limit |\n|---|---|---|---|---|\n'

# (operation, program, case, how many at a time, limit)
ROWS = [
    ('a promise that is made, handled, resolved and run', 'settle',
     'new + then + resolve + run', 100, 5),
    ('a hop of a chain', 'chain', 'chain of thens, a hop', 1000, 7),
    ('`avow_read_file()` of 4 KiB, 64 at a time', 'file',
     'avow_read_file() to four raw requests', 64, 1.5),
    ('an echo, one at a time', 'echo', 'echo, avow to uv_write()', 1, 1.5),
    ('an echo, 64 connections', 'echo', 'echo, avow to uv_write()', 64, 1.5),
    ('memory of a pending promise', 'memory', 'pending promise', None, 1.1),
    ('memory of bytes of length 5', 'memory', 'bytes of 5', None, 4),
    ('memory of a list of 10 integers', 'memory', 'list of 10 ints', None, 2),
]


def amount(build, row):
    """Runs the row once. Returns its nanoseconds or bytes, with the unit."""
    _, program, case, n, _ = row
    text = subprocess.run(
        [f'{build}/bench/bench_{program}', '--csv', '--only', case],
        check=True, text=True, stdout=subprocess.PIPE).stdout
    for one in csv.DictReader(io.StringIO(text)):
        if one['case'] == case and n in (None, int(one['n'])):
            return float(one['amount']), one['unit']
    sys.exit(f'checked.py: bench_{program} has no case {case} with {n}')


def compare(builds, row):
    """Returns the medians of both builds, their ratio and the unit."""
    turns = [[amount(build, row) for build in builds] for _ in range(ROUNDS)]
    checked = statistics.median(turn[0][0] for turn in turns)
    release = statistics.median(turn[1][0] for turn in turns)
    ratio = statistics.median(turn[0][0] / turn[1][0] for turn in turns)
    return checked, release, ratio, turns[0][0][1]


def shown(x, unit):
    if unit == 'ns' and x >= 1000:
        return f'{x / 1000:.1f} µs'
    return f'{x:.0f} {unit}'


def main(argv):
    if len(argv) < 3 or argv[3:] not in ([], ['--write']):
        sys.exit(__doc__)
    table, above = HEAD, []
    for row in ROWS:
        checked, release, ratio, unit = compare(argv[1:3], row)
        limit = row[4]
        line = (f'| {row[0]} | {shown(release, unit)} | {shown(checked, unit)} '
                f'| {ratio:.2f} | {limit} |\n')
        print(line, end='', flush=True)
        table += line
        if ratio > limit:
            above.append(row[0])
    if argv[3:]:
        with open(PAGE, encoding='utf-8') as file:
            page = file.read()
        page = re.sub(re.escape(HEAD) + r'(\|.*\n)*', lambda _: table, page)
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(page)
    if above:
        sys.exit('above the limit: ' + ', '.join(above))


if __name__ == '__main__':
    main(sys.argv)
