#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does src/sim/seam.h name every file that the simulator replaces?

    seam.py ROOT

Compares its list with past_by_name of src/sim/meson.build, and asks of each
file that replaces one that it includes seam.h, and so the declarations of what
it defines.
"""
import os
import re
import sys

ROW = re.compile(r'^ \*   (\w+/(\w+\.c)) +(replaced by|compiled anew|left out)', re.M)


def read(root, *path):
    with open(os.path.join(root, *path), encoding='utf-8') as file:
        return file.read()


def complaints(root):
    rows = ROW.findall(read(root, 'src', 'sim', 'seam.h'))
    build = read(root, 'src', 'sim', 'meson.build')
    names = set(re.findall(r"'(\w+\.c)'", re.search(
        r'past_by_name = \[(.*?)\]', build, re.S)[1]))
    for name in sorted(names ^ {name for _, name, _ in rows}):
        yield f'{name} is in seam.h, or in past_by_name: not in both'
    for path, name, how in rows:
        if not os.path.exists(os.path.join(root, 'src', path)):
            yield f'seam.h names src/{path}, which does not exist'
        elif how == 'replaced by' and \
                '"sim/seam.h"' not in read(root, 'src', 'sim', name):
            yield f'src/sim/{name} does not include sim/seam.h'


def main():
    found = list(complaints(sys.argv[1]))
    print(*found, sep='\n')
    sys.exit(bool(found))


main()
