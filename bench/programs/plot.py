#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws the pictures of the site's first page from docs/programs.md.

  plot.py [--check]

One picture compares requests with other clients. The other compares echoes
with callbacks on libuv and with Node. --check writes nothing and fails if a
picture differs from the table.
"""
import os
import sys

sys.dont_write_bytecode = True  # a test must not leave files in the sources
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                '../speed'))

import chart

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../docs')
# File: title, unit, case, program that is the floor and its name in the picture.
PICTURES = {
    'requests.svg': ('1,000 requests at once', 'µs of processor per request',
                     'request: 1,000 at once', '', ''),
    'echoes.svg': ('Echoes on 1,000 connections', 'µs of processor per echo',
                   'echo: 1,000 connections', 'libuv, callbacks',
                   'libuv, callbacks'),
}


def text_of(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


def costs(case):
    """The microseconds of processor time of each program."""
    rows = [[cell.strip() for cell in line.split('|')[1:-1]]
            for line in text_of(f'{DOCS}/programs.md').split('\n')]
    rows = [row for row in rows if len(row) == 6]
    found = {row[1]: float(row[3]) for row in rows if row[0] == case}
    if not found:
        sys.exit(f'plot: docs/programs.md has no case "{case}"')
    return found


def picture(title, unit, case, floor, floor_name):
    of = costs(case)
    least = of.pop(floor) if floor else 0
    ours = next(iter(of.values()))
    bars = [chart.Bar(program, '', '', cost, least, f'{cost:.1f} µs',
                      f'{cost / (least or ours):.1f} ×')
            for program, cost in of.items()]
    return chart.picture(title, unit, floor_name, bars)


def draw():
    for name, parts in PICTURES.items():
        with open(f'{DOCS}/{name}', 'w', encoding='utf-8') as file:
            file.write(picture(*parts))


def check():
    wrong = [name for name, parts in PICTURES.items()
             if text_of(f'{DOCS}/{name}') != picture(*parts)]
    for name in wrong:
        print(f'plot: docs/{name} differs from docs/programs.md')
    return bool(wrong)


if __name__ == '__main__':
    sys.exit(check() if '--check' in sys.argv else draw())
