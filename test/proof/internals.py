#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/internals.md agrees with the code.

    internals.py ROOT [--write]

The table of kinds is made from the sources; --write updates it. Each layer must
have a row, and the file that the row names must be in its folder. Each state of
a loop must have a row. docs/invariants.md must have each invariant that the
sources assert, and a planted fault must break it. Only the files of REAL_TIME
may use the time of libuv.

The script prints the lines of code of each layer, and the number of assertions
per thousand lines.
"""
import glob
import os
import re
import sys

import kinds

PAGE = 'docs/internals.md'
INVARIANTS = 'docs/invariants.md'
FAULTS = 'test/proof/faults/faults.txt'

# The files that use the time or the timers of libuv, and their purpose. All
# other files use the clock of the loop, which a program can replace.
REAL_TIME = {
    'loop_time.h': 'the real clock',
    'virtual_clock.c': 'the real clock, and the time that peers hold a clock',
    'virtual_clock.h': 'the timers of alarms',
    'tick.c': 'the budget of an iteration; memory that was unused for a second',
    'attempt.c': 'the part of an iteration that attempts take',
    'lag.c': 'how long iterations take',
    'check_clock.c': 'systems without a coarse clock',
    'slow_job.c': 'how long jobs take',
    'trace.c': 'the times of events in a trace',
    'close_report.c': 'when a checked build prints why a loop does not close',
    'sliced_work.c': 'how long a thread of the pool works at a time',
    'command.c': 'the grace period of a process',
    'retry.c': 'the seed of random numbers',
    'temp_rename.c': 'the seed of random numbers',
}


def read(*path):
    with open('/'.join(path), encoding='utf-8') as file:
        return file.read()


def table_of_kinds(root):
    """Return a table of files and kinds, with names in dumps if they differ."""
    files = {}
    for name, row, path in kinds.kinds_by_file(root):
        dumped = kinds.name_in_dumps(row)
        shown = name if dumped == name.lower() else f'{name} ({dumped})'
        files.setdefault(path, []).append(shown)
    return '\n'.join(['| file | kinds |', '|---|---|'] + [
        f'| `{path}` | {", ".join(names)} |'
        for path, names in files.items()]) + '\n'


def code_of(text):
    """Return the lines of code, without comments and empty lines."""
    code = re.sub(r'(?s)/\*.*?\*/', '', text)
    return [line for line in code.split('\n') if line.strip()]


def layers(root):
    """Return the folders, from the lowest to the simulator."""
    core = re.search(r'layers = \[(.*?)\]', read(root, 'src/meson.build'), re.S)
    parts = re.search(r'all_parts = \[(.*?)\]', read(root, 'meson.build'), re.S)
    return re.findall(r"'(\w+)'", core[1] + parts[1]) + ['sim']


def code_in(root, layer):
    return sum(len(code_of(read(path)))
               for path in glob.glob(f'{root}/src/{layer}/*.[chS]'))


def complaints_of_layers(root, page):
    rows = re.findall(r'^\| `(\w+)` \|.*\| `(\w+\.[ch])` \|$',
                      part(page, 'layers')[1], re.M)
    if [row[0] for row in rows] != layers(root):
        yield f'the rows must be the layers {" ".join(layers(root))}'
    for layer, name in rows:
        if not os.path.exists(f'{root}/src/{layer}/{name}'):
            yield f'src/{layer}/{name} does not exist'


def part(page, name):
    return re.search(rf'<!-- {name} -->\n(.*?)<!-- end of {name} -->', page,
                     re.S)


def complaints_of_invariants(root):
    rows = re.findall(r'^\| (\d+) \|', read(root, INVARIANTS), re.M)
    said = set(rows)
    asserted = {}
    for path in glob.glob(f'{root}/src/**/*.[ch]', recursive=True):
        for number in re.findall(r'AVOW__HOLDS\((\d+),', read(path)):
            asserted.setdefault(number, set()).add(path)
    faults = re.findall(r'\n== \w+ \S+ check (\d+)\n', read(root, FAULTS))
    for where, numbers in ((INVARIANTS, said), ('src', set(asserted)),
                           (FAULTS, set(faults))):
        for number in sorted((said | set(asserted) | set(faults)) - numbers,
                             key=int):
            yield f'invariant {number} is not in {where}'
    for number in sorted(said, key=int):
        if rows.count(number) > 1 or len(asserted.get(number, ())) > 1:
            yield f'invariant {number} occurs twice'
    print(f'{len(said)} invariants, broken by {len(faults)} planted faults')


def complaints_of_states(root, page):
    states = re.search(r'typedef enum avow__life_e \{(.*?)\}',
                       read(root, 'src/engine/context.h'), re.S)[1]
    for state in re.findall(r'AVOW__\w+', re.sub(r'(?s)/\*.*?\*/', '', states)):
        if f'\n| `{state}` |' not in page:
            yield f'the state {state} has no row'


def complaints_of_time(root):
    found = {os.path.basename(path)
             for path in glob.glob(f'{root}/src/**/*.[ch]', recursive=True)
             if '/sim/' not in path and # the simulator replaces libuv
             '/adapters/' not in path and # adapters use real time
             re.search(r'\b(?:uv_(?:now|hrtime|timer_init|timer_start)'
                       r'|avow__timer_set_from_present)\(',
                          re.sub(r'(?s)/\*.*?\*/', '', read(path)))}
    for name in sorted(found ^ set(REAL_TIME)):
        yield (f'{name} must use the time of libuv if and only if REAL_TIME '
               'names it')


def complaints(root, page):
    if part(page, 'kinds')[1] != table_of_kinds(root):
        yield f'the table of kinds differs: run {sys.argv[0]} {root} --write'
    yield from complaints_of_layers(root, page)
    yield from complaints_of_states(root, page)
    yield from complaints_of_invariants(root)
    yield from complaints_of_time(root)


def density(root):
    n = asserts = 0
    for path in glob.glob(f'{root}/src/**/*.[ch]', recursive=True):
        code = code_of(read(path))
        n += len(code)
        asserts += len(re.findall(r'\b(?:assert|_Static_assert|AVOW__HOLDS)\(',
                                  '\n'.join(code)))
    print(f'{asserts} assertions in {n} lines: '
          f'{1000 * asserts / n:.1f} a thousand')


def main(root, *options):
    page = read(root, PAGE)
    if options:
        old = part(page, 'kinds')
        page = page[:old.start(1)] + table_of_kinds(root) + page[old.end(1):]
        with open(f'{root}/{PAGE}', 'w', encoding='utf-8') as file:
            file.write(page)
    found = list(complaints(root, page))
    for line in found:
        print(line)
    print('lines of code:', ', '.join(f'{layer} {code_in(root, layer):,}'
                                      for layer in layers(root)))
    density(root)
    return len(found) > 0


sys.exit(main(*sys.argv[1:]))
