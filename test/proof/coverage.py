#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check the coverage that gcovr measured.

    coverage.py UNCOVERED [JSON...]

UNCOVERED is test/proof/uncovered.txt, which excuses lines. A line counts as
reached if any build reaches it. The script prints a table. It fails if a line
is neither reached nor excused, or if too few branches of a file or of all files
are reached. It then prints the places.

An excuse that is not needed is no failure, because other systems may need it.
An excuse for a line that does not exist is a failure, even without JSON.
"""
import json
import sys

BRANCHES = 0.98
BRANCHES_OF_A_FILE = 0.9
FEW = 2  # branches that any file may miss


def read_excuses(path):
    excuses = {}
    for line in open(path):
        if line.strip() and not line.startswith('#'):
            file, function, text = line.rstrip('\n').split(None, 2)
            excuses[file, function, text] = False
    return excuses


def has_line(file, function, text):
    try:
        source = open(file).read()
    except FileNotFoundError:
        return False
    lines = [line.strip() for line in source.split('\n')]
    return function + '(' in source and text in lines


def add(lines, line):
    """Add the counts of a line of another build."""
    counts = [branch['count'] for branch in line['branches']]
    old = lines.get(line['line_number'])
    if old is None:
        lines[line['line_number']] = [line['count'], counts]
        return
    old[0] += line['count']
    if len(old[1]) == len(counts):
        old[1] = [a + b for a, b in zip(old[1], counts)]
    elif 0 in old[1] and line['count'] > 0:
        old[1] = counts


def read_files(paths):
    files = {}
    functions = {}
    for path in paths:
        for file in json.load(open(path))['files']:
            begins = functions.setdefault(file['file'], {})
            for function in file['functions']:
                begins[function['lineno']] = function['name']
            for line in file['lines']:
                if not line.get('gcovr/noncode'):
                    add(files.setdefault(file['file'], {}), line)
    return files, functions


def function_at(begins, number):
    return begins[max(begin for begin in begins if begin <= number)]


def judge(name, lines, begins, excuses):
    text = open(name).read().split('\n')
    lost_lines = lost_branches = excused = 0
    found = []
    for number, (count, counts) in sorted(lines.items()):
        key = name, function_at(begins, number), text[number - 1].strip()
        if count > 0 and 0 not in counts:
            continue
        if key in excuses:
            excuses[key] = True
            excused += 1
            continue
        lost_lines += count == 0
        lost_branches += counts.count(0)
        found.append('%s:%d: %s' % (name, number, ' '.join(key[1:])))
    branches = sum(len(counts) for count, counts in lines.values())
    fails = lost_lines > 0 or (
        lost_branches > max(FEW, branches * (1 - BRANCHES_OF_A_FILE)))
    print('%-20s %6d %7d %9d %7d %8d%s' % (
        name, len(lines), lost_lines, branches, lost_branches, excused,
        '  FAILS' if fails else ''))
    return (len(lines), lost_lines, branches, lost_branches, excused,
            found if fails else [])


def main():
    excuses = read_excuses(sys.argv[1])
    gone = [key for key in excuses if not has_line(*key)]
    for key in gone:
        print('remove this line, which does not exist, from uncovered.txt:',
              ' '.join(key))
    if gone or not sys.argv[2:]:
        return bool(gone)
    files, functions = read_files(sys.argv[2:])
    print('%-20s %6s %7s %9s %7s %8s' % ('file', 'lines', 'missed', 'branches',
                                         'missed', 'excused'))
    results = [judge(name, lines, functions[name], excuses)
               for name, lines in sorted(files.items())]
    sums = [sum(result[i] for result in results) for i in range(5)]
    print('%-20s %6d %7d %9d %7d %8d' % ('all', *sums))
    for result in results:
        print('\n'.join(result[5]), end='\n' if result[5] else '')
    for key, used in excuses.items():
        if not used:
            print('not needed in uncovered.txt: ' + ' '.join(key))
    code, missed, branches, lost_branches, excused = sums
    print('result: %d of %d lines, %d excused; %.1f %% of %d branches'
          % (code - missed, code, excused, 100 - 100 * lost_branches / branches,
             branches))
    return (any(result[5] for result in results) or
            lost_branches > branches * (1 - BRANCHES))


sys.exit(main())
