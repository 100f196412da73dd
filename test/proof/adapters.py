#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that adapters include only headers that each program has.

  adapters.py ROOT

Each file of src/adapters/NAME includes only public headers of avow, headers of
its own folder, and headers of the system and of the adapted library. No other
file of src/, no other header and not avow.h includes the adapter's header.
"""
import glob
import os
import re
import sys


def includes(path):
    with open(path, encoding='utf-8') as file:
        return re.findall(r'(?m)^\s*#\s*include "([^"]+)"', file.read())


def of_adapter(root, folder):
    own = set(os.listdir(folder))
    public = {f'avow/{name}' for name in os.listdir(f'{root}/include/avow')}
    for path in glob.glob(f'{folder}*.[ch]'):
        for name in includes(path):
            if name not in own | public:
                yield f'{path} includes {name}, which is not public'


def of_others(root, adapters):
    for path in glob.glob(f'{root}/include/**/*.h', recursive=True) + \
            glob.glob(f'{root}/src/**/*.[ch]', recursive=True):
        for name in includes(path):
            if name in adapters and f'/adapters/{adapters[name]}/' not in path:
                yield f'{path} includes {name}, which belongs to an adapter'


def main(root):
    folders = glob.glob(f'{root}/src/adapters/*/')
    adapters = {f'avow/{folder.split("/")[-2]}.h': folder.split('/')[-2]
                for folder in folders}
    found = [line for folder in folders for line in of_adapter(root, folder)]
    found += of_others(root, adapters)
    for line in found:
        print(line)
    print(f'{len(folders)} adapters')
    return len(found) > 0 or not folders


sys.exit(main(*sys.argv[1:]))
