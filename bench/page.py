# SPDX-License-Identifier: MIT
"""A page of docs/ with a table at its end. One command measures all its cases.

The compared programs take turns. Missing programs are listed at the end.
"""
import argparse
import datetime
import os
import platform
import sys

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../docs')
MARK = '## The table'


def say(text):
    print(text, file=sys.stderr, flush=True)


def parser_of(doc, cases):
    """The arguments that all such commands accept."""
    parser = argparse.ArgumentParser(description=doc.split('\n', 1)[0])
    parser.add_argument('--build', default='build-release',
                        help='a release build of avow (build-release)')
    parser.add_argument('--rounds', type=int, default=3,
                        help='turns of each program (3)')
    parser.add_argument('--quick', action='store_true',
                        help='measure little, once, to test this script')
    parser.add_argument('--alone', action='store_true',
                        help='measure only avow')
    parser.add_argument('--write', action='store_true',
                        help='store the table in the page')
    parser.add_argument('case', nargs='*', default=list(cases),
                        help='cases to measure (all)')
    return parser


def parse(parser, cases):
    options = parser.parse_args()
    if not set(options.case) <= set(cases):
        parser.error(f'the cases are {" ".join(cases)}')
    options.build = os.path.abspath(options.build)
    options.load = os.getloadavg()[0]
    return options


def table(rows, texts):
    """The first row has the headings. The first columns contain text."""
    widths = [max(map(len, column)) for column in zip(*rows)]

    def line(cells):
        return '| ' + ' | '.join(
            cell.ljust(width) if i < texts else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths))) + ' |'
    rule = ['-' * width if i < texts else '-' * (width - 1) + ':'
            for i, width in enumerate(widths)]
    return '\n'.join([line(rows[0]), line(rule), *map(line, rows[1:])])


def circumstances(load):
    return (f'{datetime.date.today().isoformat()}, {os.cpu_count()} processors,'
            f' Linux {platform.release().split("-")[0]}, load '
            f'{load:.1f} before and {os.getloadavg()[0]:.1f} after.')


def keep(name, text):
    path = os.path.join(DOCS, name)
    with open(path, encoding='utf-8') as file:
        prose = file.read().split(MARK)[0]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{prose}{MARK}\n\n{text}\n')


def show(name, options, text, missing):
    """Prints the table and, with --write, stores it in the page."""
    text += '\n\n' + circumstances(options.load)
    for program, why in missing.items():
        text += f'\n{program}: {why}'
    print(text)
    if options.write:
        keep(name, text)
