#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write a manual page of section 1 from the help text of a tool:

  tool_manual.py NAME VERSION PROGRAM    asks PROGRAM --help
  tool_manual.py NAME VERSION            reads that
"""
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from manual import DATE, escaped


def help_of(program):
    if program is None:
        return sys.stdin.read()
    return subprocess.run([program, '--help'], check=True, text=True,
                          capture_output=True).stdout


def paragraphs(text):
    """Join lines of prose. Indented lines remain."""
    out, prose = [], []
    for line in text.split('\n') + ['']:
        if line and not line.startswith('  '):
            prose.append(escaped(line))
            continue
        if prose:
            out.append(re.sub(r'(?<=\w[.?!]) +', '\n', ' '.join(prose)))
            prose = []
        if line:
            out.append(f'.Dl {escaped(line.strip())}')
    return '\n'.join(out)


def option(line):
    """Return '  -t, --timeout MS    description' as an item of a list."""
    letter, name, value, what = re.match(
        r'  -(\w), --(\S+) ?(\S*) +(.*)', line).groups()
    argument = f' Ar {value}' if value else ''
    return f'.It Fl {letter} , Fl -{name}{argument}\n{escaped(what)}'


def operand(word):
    optional = word.startswith('[')
    name = word.strip('[].')
    many = ' ...' if '...' in word else ''
    return f'.{"Op Ar" if optional else "Ar"} {name}{many}'


def synopsis(usage):
    """Return the options and then the operands."""
    options = re.findall(r'\[--(\S+?)(?: (\S+))?\]', usage)
    rest = re.sub(r'\[--[^\]]*\]', '', usage).split()[2:]
    return ([f'.Op Fl -{name} Ar {value}' if value else f'.Op Fl -{name}'
             for name, value in options] +
            [operand(word) for word in operands(rest)])


def operands(words):
    """Split operands: [FILE URL...] are two that are omitted together."""
    return re.findall(r'[\[\]\w.-]+', ' '.join(words))


def page(name, version, text):
    usage, about, options, end = re.match(
        r'(?s)(usage: .*?)\n\n(.*?)\n\n((?:  -.*?\n)+)\n(.*)', text).groups()
    status, example = re.match(
        r'(?s)Exit status: (.*?)\nFor example: \S+ ?(.*)', end).groups()
    first = ' '.join(about.split()).split('. ')[0].rstrip('.')
    lines = [f'.Dd {DATE}', f'.Dt {name.upper()} 1', f'.Os avow {version}',
             '.Sh NAME', f'.Nm {name}',
             f'.Nd {escaped(first[0].lower() + first[1:])}', '.Sh SYNOPSIS',
             '.Nm', *synopsis(usage), '.Sh DESCRIPTION', paragraphs(about),
             '.Pp', 'The options are:', '.Bl -tag -width Ds',
             *(option(line) for line in options.rstrip('\n').split('\n')), '.El',
             '.Sh EXIT STATUS', escaped(' '.join(status.split())).capitalize(),
             '.Sh EXAMPLES', f'.Dl {name} {escaped(example.strip())}',
             '.Sh SEE ALSO', '.Xr avow_promise 3']
    return '\n'.join(lines) + '\n'


def main():
    name, version, *program = sys.argv[1:]
    sys.stdout.write(page(name, version, help_of(*program or [None])))


main()
