# SPDX-License-Identifier: MIT
"""A tree of 10,000 files in 100 directories: what does it take to copy it?"""
import contextlib
import os
import shutil

from machine import Sample, command, find
from reading import make_files

UNIT = 'file copied'
LOADS = [10000]
SMALL = [100]
DIRECTORIES = 100

NODE = 'require("fs").promises.cp(process.argv[1], process.argv[2], {%s})' % \
    'recursive: true, preserveTimestamps: true'


def copiers(build):
    yield 'avow: examples/cptree', [f'{build}/examples/cptree']
    yield 'cp -a', ['cp', '-a']
    yield 'cp -r', ['cp', '-r']
    node = find('node', 'nodejs')
    if node:
        yield 'Node: fs.cp', [node, '-e', NODE]


def copying(argv, work):
    def copy(n, _):
        _, cpu, elapsed = command([*argv, f'{work}/tree', f'{work}/copy'])
        copied = sum(len(files) for _, _, files in os.walk(f'{work}/copy'))
        shutil.rmtree(f'{work}/copy')
        if copied != n:
            raise SystemExit(f'{argv[0]} copied {copied}')
        return Sample(n, cpu, elapsed)
    return copy


@contextlib.contextmanager
def rivals(build, here, work, most):
    os.mkdir(f'{work}/tree')
    for i in range(DIRECTORIES):
        make_files(f'{work}/tree/{i}', most // DIRECTORIES)
    yield {name: copying(argv, work) for name, argv in copiers(build)}


def describe(load):
    return f'{load:,} of them'
