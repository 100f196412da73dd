#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does docs/internals.md say what the code does?

    internals.py ROOT [--write]

The table of kinds is made of kind.h and of their rows, and that of lines of src/;
--write puts them there. Of the lines a tenth more or less will do. Each state
of a loop has its row; each invariant of docs/invariants.md is asserted by its
number in one file, and broken by a planted fault. The files are named that go by another time than a loop's. Prints how many there are, and how many assertions for each
thousand lines of code.
"""
import glob
import re
import sys

import kinds

PAGE = 'docs/internals.md'
INVARIANTS = 'docs/invariants.md'
FAULTS = 'test/proof/faults/faults.txt'


def read(*path):
    with open('/'.join(path), encoding='utf-8') as file:
        return file.read()


def rows_of_kinds(root):
    for name, comment, row in kinds.kinds(root):
        run = re.search(r'\.run = (?:avow__)?(\w+)', row)
        yield (name, kinds.name_in_dumps(row), comment,
               'yes' if 'is_root' in row else '',
               f'`{run[1]}`' if run else '')


def table_of_kinds(root):
    rows = ['| kind | in a dump | it | root | its job, where chain.c has it '
            'not in place |', '|---|---|---|---|---|']
    return '\n'.join(rows + ['| ' + ' | '.join(row) + ' |' for row in
                             rows_of_kinds(root)]) + '\n'


def code_of(text):
    """Its lines without comments and those with nothing in them."""
    code = re.sub(r'(?s)/\*.*?\*/', '', text)
    return [line for line in code.split('\n') if line.strip()]


def lines(root):
    """Of each floor, the ground first: how many lines, and how many of code."""
    floors = re.findall(r"^\| `(\w+)` \|", read(root, 'CONTRIBUTING.md'), re.M)
    for floor in floors:
        texts = [read(path) for path in
                 glob.glob(f'{root}/src/{floor}/**/*.[chS]', recursive=True)]
        yield (floor, sum(text.count('\n') for text in texts),
               sum(len(code_of(text)) for text in texts))


def table_of_lines(root):
    found = list(lines(root))
    library = [row for row in found if row[0] != 'sim']
    found[len(library):] = [('all of `libavow`', sum(row[1] for row in library),
                             sum(row[2] for row in library))] + \
        [row for row in found if row[0] == 'sim']
    rows = ['| floor | lines | of code |', '|---|---:|---:|']
    return '\n'.join(rows + [f'| {floor} | {total:,} | {code:,} |'
                             for floor, total, code in found]) + '\n'


def numbers_of(table):
    return {row[0]: [int(n.replace(',', '')) for n in row[1:]] for row in
            re.findall(r'^\| (.*?) \| ([\d,]+) \| ([\d,]+) \|$', table, re.M)}


def complaints_of_lines(root, page):
    said = numbers_of(part(page, 'lines')[1])
    for floor, found in numbers_of(table_of_lines(root)).items():
        for one, other in zip(said.get(floor, (0, 0)), found):
            if abs(one - other) > other / 10:
                yield f'{floor} has {other} lines, not {one}: --write'


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
            yield f'invariant {number} is two'
    print(f'{len(said)} invariants, broken by {len(faults)} planted faults')


def complaints(root, page):
    if part(page, 'kinds')[1] != table_of_kinds(root):
        yield f'the kinds are others: {sys.argv[0]} {root} --write'
    states = re.search(r'typedef enum avow__life_e \{(.*?)\}',
                       read(root, 'src/engine/context.h'), re.S)[1]
    for state in re.findall(r'AVOW__\w+', re.sub(r'(?s)/\*.*?\*/', '', states)):
        if f'\n| `{state}` |' not in page:
            yield f'no row for {state}'
    yield from complaints_of_invariants(root)
    yield from complaints_of_time(root, page)
    yield from complaints_of_lines(root, page)


def complaints_of_time(root, page):
    """Who asks libuv what time it is passes by a loop's own clock."""
    said = re.search(r"What goes by libuv's own time.*?\n\n", page, re.S)[0]
    found = {path.split('/')[-1]
             for path in glob.glob(f'{root}/src/**/*.[ch]', recursive=True)
             if '/sim/' not in path and # which is libuv there
             '/adapters/' not in path and # whose headers say so
             re.search(r'\b(?:uv_(?:now|hrtime|timer_init|timer_start)'
                       r'|avow__timer_set_from_present)\(',
                          re.sub(r'(?s)/\*.*?\*/', '', read(path)))}
    for name in sorted(found ^ set(re.findall(r'`([a-z_]+\.[ch])`', said))):
        yield f'{name}: goes by the time of libuv, or {PAGE} says so: not both'


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
        for name, table in (('kinds', table_of_kinds),
                            ('lines', table_of_lines)):
            old = part(page, name)
            page = page[:old.start(1)] + table(root) + page[old.end(1):]
        with open(f'{root}/{PAGE}', 'w', encoding='utf-8') as file:
            file.write(page)
    found = list(complaints(root, page))
    for line in found:
        print(line)
    density(root)
    return len(found) > 0


sys.exit(main(*sys.argv[1:]))
