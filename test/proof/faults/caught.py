#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does each line of caught.txt name a fault, a suite and a test that exist?

  caught.py ROOT

A fault of faults.txt may be missing in caught.txt, because new faults are tried
later. A macro may put the name of an operation in front of a test's name.
"""
import glob
import os
import re
import sys

# Programs that are compared with others, or name their tests by phrases.
PROGRAMS = {'hosted', 'sim_fs_calls', 'sim_handles', 'sim_sequences'}


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def suites(root):
    """The texts of the files of each suite, without the tests of programs."""
    found = {}
    for path in glob.glob(f'{root}/test/**/*.c*', recursive=True):
        name = os.path.basename(path)
        if name.startswith('test_'):
            suite = re.sub(r'\.\w+$', '', name)[len('test_'):]
            found[suite] = found.get(suite, '') + read(path)
    for suite, text in found.items():
        for included in re.findall(r'#include "test_(\w+)\.c"', text):
            found[suite] += found[included]
    return found


def has(text, test):
    words = test.split('_')
    ends = ['_'.join(words[i:]) for i in range(len(words))]
    return any(re.search(rf'\b{end}(\(void \*\*|\),|\b *[;,}}])', text)
               for end in ends)


def complaints(root):
    here = f'{root}/test/proof/faults'
    names = set(re.findall(r'(?m)^== (\S+)', read(f'{here}/faults.txt')))
    texts = suites(root)
    for line in read(f'{here}/caught.txt').splitlines():
        fault, suite, test = re.match(r'(\S+)\s+([\w]+): (\w+)', line).groups()
        text = texts.get(suite) or texts.get(suite.removeprefix('sim_'))
        if fault not in names:
            yield f'faults.txt has no fault {fault}'
        if suite in PROGRAMS:
            continue
        if text is None:
            yield f'{fault}: there is no suite {suite}'
        elif not has(text, test):
            yield f'{fault}: the suite {suite} has no test {test}'


def main(root):
    wrong = list(complaints(root))
    print(*wrong, sep='\n')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
