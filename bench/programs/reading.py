# SPDX-License-Identifier: MIT
"""10,000 files of up to 4 KiB: what does it take to read them all?"""
import contextlib
import os
import re

from machine import Sample, command, find

UNIT = 'file read'
LOADS = [10000]
SMALL = [100]
LARGEST, AT_ONCE = 4096, 64


def make_files(folder, n):
    """The sizes are the same in each run."""
    os.mkdir(folder)
    for i in range(n):
        with open(f'{folder}/{i}', 'wb') as file:
            file.write(bytes(i * 2654435761 % LARGEST + 1))


def readers(build, here):
    program = f'{build}/bench/programs/read_files'
    yield f'avow: {AT_ONCE} at a time', [program, 'files', AT_ONCE]
    yield 'C, one after another', [program, 'files', 0]
    yield 'Python, one after another', [
        'python3', f'{here}/rivals/read_files.py', 'files']
    node = find('node', 'nodejs')
    if node:
        yield f'Node: {AT_ONCE} at a time', [
            node, f'{here}/rivals/read_files.js', 'files', AT_ONCE]


def reading(argv, folder):
    def read(n, _):
        line = [folder if word == 'files' else word for word in argv]
        said, cpu, elapsed = command(line)
        if int(re.match(r'(\d+) files', said)[1]) != n:
            raise SystemExit(f'{argv[0]} read {said}')
        return Sample(n, cpu, elapsed)
    return read


@contextlib.contextmanager
def rivals(build, here, work, most):
    make_files(f'{work}/files', most)
    yield {name: reading(argv, f'{work}/files')
           for name, argv in readers(build, here)}


def describe(load):
    return f'{load:,} of them'
