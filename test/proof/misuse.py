#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/misuse.md lists each message of misuse.

    misuse.py ROOT [--write]

The table is made from the calls of avow__misuse() and similar functions in src;
--write updates it. Each message must be "FUNCTION(): PROBLEM; REMEDY" or
"PROBLEM; REMEDY". It must have no backticks and name no internal function.
"""
import glob
import os
import re
import sys

PAGE = 'docs/misuse.md'
START = '| message | remedy |\n|---|---|\n'
CALL = re.compile(r'\bavow__(?:misuse|advise)(_in)?\(\s*(\w+,\s*)?'
                  r'((?:"(?:[^"\\]|\\.)*"|\s|PRIu\d+)+)')
PLACEHOLDER = re.compile(r'%(?:zu|s)')


def messages(root):
    """Yield the format strings, and whether each gets the function's name."""
    for path in sorted(glob.glob(f'{root}/src/**/*.[ch]', recursive=True)):
        with open(path, encoding='utf-8') as file:
            text = file.read()
        for call in CALL.finditer(text):
            words = re.sub(r'PRIu\d+', '"zu"', call[3])
            literal = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', words))
            # Lines that continue a report, and formats of base/misuse.c.
            if literal and not literal.startswith('  ') and \
                    literal not in ('%s(): %s', '%s'):
                yield os.path.relpath(path, root), bool(call[1]), literal


def row(named, literal):
    problem, _, remedy = literal.partition('; ')
    # Trace builds add the place of the promise to the remedy.
    remedy = re.sub(r'(?<=\w)%s$', '', remedy).rstrip(':')
    cells = [('FUNCTION(): ' if named else '') + problem, remedy]
    texts = (PLACEHOLDER.sub('…', cell) for cell in cells)
    return '| ' + ' | '.join(re.sub('…( ?…)+', '…', t) for t in texts) + ' |'


def faults(found):
    for path, _, literal in found:
        if '; ' not in literal or '`' in literal or 'avow__' in literal:
            yield f'{path}: not "PROBLEM; REMEDY": {literal}'


def main(root, write):
    found = list(messages(root))
    wrong = list(faults(found))
    table = START + '\n'.join(sorted({row(n, m) for _, n, m in found})) + '\n'
    path = f'{root}/{PAGE}'
    with open(path, encoding='utf-8') as file:
        text = file.read()
    before = text[:text.index(START)]
    if write:
        with open(path, 'w', encoding='utf-8') as file:
            file.write(before + table)
    elif text != before + table:
        wrong.append(f'{PAGE} differs from src: run misuse.py . --write')
    print(*wrong, sep='\n')
    print(f'{len(found)} messages')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1], '--write' in sys.argv))
