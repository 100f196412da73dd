#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares the size of the core with its limits.

  core.py BUILD

Prints sizes beside their limits: the lines of the core's folders, the
headers and functions of <avow.h>, the code of the core's objects, and the code
that small static programs add to libuv. Fails if one is above its limit. BUILD
must have --buildtype=release. The last three depend on the compiler and are
compared only if BUILD matches a build that counts.txt names.
"""
import glob
import os
import re
import sys
import tempfile

import counts
import sizes

ROOT = os.path.dirname(sizes.HERE)
sys.path.insert(0, f'{ROOT}/docs/site')
import headers  # noqa: E402

# Files of checked builds, which are empty in a release.
CHECKS = re.compile(r'/(check_\w+|\w+_report|symbol|backtrace)\.[ch]$')
LIMITS = {
    'lines of checks': 1600,
    'lines, with headers': 26500,  # 650 of them for files in memory
    'lines of C files': 20500,
    'headers in <avow.h>': 18,
    'functions in <avow.h>': 240,
    'bytes of .text': 175 << 10,  # four KiB for files in memory
    'bytes of a program with a promise': 75 << 10,
    'bytes of a program with all': 80 << 10,
}
PROGRAMS = {'bytes of a program with a promise':
            'avow_promise_new avow_then avow_run',
            'bytes of a program with all': 'avow_all_settled avow_all'}


def folders():
    with open(f'{ROOT}/src/meson.build', encoding='utf-8') as file:
        return re.findall(r"'(\w+)'", re.search(r'layers = \[(.*?)\]',
                                                file.read(), re.S)[1])


def lines(ending, of_checks=False):
    found = 0
    for folder in folders():
        for path in glob.glob(f'{ROOT}/src/{folder}/*.{ending}'):
            if bool(CHECKS.search(path)) == of_checks:
                with open(path, encoding='utf-8') as file:
                    found += file.read().count('\n')
    return found


def functions(core):
    return sum(entry.kind == 'function' for header in headers.all_of(ROOT)
               if header.name in core for entry in header.entries)


def text(library):
    """The sections of code of the objects of the core's folders."""
    total, inside = 0, False
    for line in sizes.output('size', '-A', library).splitlines():
        member = re.match(r'([a-z]+)_\w+\.[cS]\.\w+ ', line)
        if member:
            inside = member[1] in folders()
        section = re.match(r'\.text\S*\s+(\d+)', line)
        if section and inside:
            total += int(section[1])
    return total


def programs(library):
    with tempfile.TemporaryDirectory() as work:
        linker = sizes.Linker(library, ['cc'], work)
        without = linker.link(sizes.WITHOUT)[0]
        for name, uses in PROGRAMS.items():
            named = ', '.join(f'(void (*)(void)) {word}' for word in uses.split())
            yield name, linker.link(sizes.SOURCE % named)[0] - without


def figures(build):
    core = headers.core_of(ROOT)
    yield 'lines of checks', lines('[ch]', of_checks=True)
    yield 'lines, with headers', lines('[chS]')
    yield 'lines of C files', lines('c')
    yield 'headers in <avow.h>', len(core)
    yield 'functions in <avow.h>', functions(core)
    if counts.made_with(build) != counts.read_kept()[0]:
        print(f'no bytes compared: this is {counts.made_with(build)}')
        return
    yield 'bytes of .text', text(f'{build}/src/libavow.a')
    yield from programs(f'{build}/src/libavow.a')


def main(build):
    os.environ.setdefault('UV_LIBS', '-luv')
    failed = False
    print(f'| {"the core":34} | {"is":>7} | {"at most":>7} |')
    print('|---|---:|---:|')
    for name, found in figures(os.path.abspath(build)):
        print(f'| {name:34} | {found:7,} | {LIMITS[name]:7,} |')
        failed |= found > LIMITS[name]
    sys.exit(failed)


if len(sys.argv) != 2 or not os.path.exists(f'{sys.argv[1]}/src/libavow.a'):
    sys.exit('core.py: name a build folder with src/libavow.a')
main(sys.argv[1])
