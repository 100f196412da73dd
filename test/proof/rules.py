#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/rules.md and docs/contents.md agree with the sources.

  rules.py SOURCE-ROOT [--write]

The tables of rules.md are made from the headers: functions that return a code,
and functions that other threads may call, which have a label @thread. --write
updates them. The page contents.md must name each header and each example. The
build must install each header.
"""
import os
import re
import sys

# Functions that read a code from an error, that macros of stackless.h call, and
# that return the status of a program.
NO_CODES = {'avow_error_code', 'avow_frame_enter', 'avow_sim_main'}

DECLARATION = re.compile(
    r'(?s)(?:/\*\*((?:(?!\*/).)*)\*/\s*)?'
    r'\bAVOW_(?:\w*API|INLINE)\b([^;{}()]*?)\b(avow_\w+)\(')


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def declarations(root):
    """Yield (header, function, result type, comment) for each function."""
    for header in sorted(os.listdir(os.path.join(root, 'include', 'avow'))):
        text = read(root, 'include', 'avow', header)
        for comment, result, name in DECLARATION.findall(text):
            yield header, name, result.split()[-1:], comment


def link(header):
    return f'[{header}](../include/avow/{header})'


def codes(root):
    found = {}
    for header, name, result, _ in declarations(root):
        if result == ['int'] and name not in NO_CODES:
            found.setdefault(header, []).append(f'`{name}()`')
    yield '| functions | header |'
    yield '|---|---|'
    for header, names in found.items():
        yield f'| {", ".join(names)} | {link(header)} |'


def labels(root):
    """Yield (header, function, text of @thread or None) for each function."""
    for header, name, _, comment in declarations(root):
        label = re.search(r'(?s)@thread\s+(.*?)(?=\n \* *@|$)', comment)
        words = label and re.sub(r'\n \*', ' ', label[1]).split()
        yield header, name, words and ' '.join(words)


def threads(root):
    yield '| function | threads | header |'
    yield '|---|---|---|'
    for header, name, who in labels(root):
        if who:
            yield f'| `{name}()` | {who} | {link(header)} |'


def made(root):
    """Return rules.md with current tables."""
    text = read(root, 'docs', 'rules.md')
    for name, rows in ('codes', codes(root)), ('threads', threads(root)):
        table = ''.join(f'{row}\n' for row in rows)
        text = re.sub(rf'(<!-- {name} -->\n\n)(\|.*\n)*',
                      lambda match: match[1] + table, text)
    return text


def complaints(root):
    if made(root) != read(root, 'docs', 'rules.md'):
        yield 'docs/rules.md is out of date: run test/proof/rules.py . --write'


# Declarations that other headers need.
NO_TOPICS = {'all.h', 'exceptions.h'}


def left_out(root):
    """Yield the headers and examples that contents.md does not name."""
    build = read(root, 'examples', 'meson.build').split('programs = {}')[0]
    examples = re.findall(r"^ *(?:examples \+= \{)?'(\w+)': ", build, re.M) + \
        re.findall(r"\{'(\w+)': ", build)
    headers = os.listdir(os.path.join(root, 'include', 'avow'))
    contents = read(root, 'docs', 'contents.md')
    for path in [f'include/avow/{name}' for name in set(headers) - NO_TOPICS] + \
            [f'examples/{name}.c' for name in set(examples)]:
        if f'](../{path})' not in contents:
            yield f'docs/contents.md does not name {path}'


def not_installed(root):
    """Yield headers of avow that are not installed. Other libraries install
    their own headers."""
    adapters = os.path.join(root, 'src', 'adapters')
    apart = {'napi.h', 'sim.h'} | {f'{name}.h' for name in os.listdir(adapters)}
    topics = re.findall(r"'(\w+)'[],]", read(root, 'include', 'meson.build'))
    headers = set(os.listdir(os.path.join(root, 'include', 'avow'))) - apart
    headers = {name for name in headers if name.endswith('.h')}
    for name in headers - {f'{topic}.h' for topic in topics + ['all']}:
        yield f'include/meson.build does not install {name}'


def main():
    root = sys.argv[1]
    if sys.argv[2:] == ['--write']:
        text = made(root)
        with open(os.path.join(root, 'docs', 'rules.md'), 'w',
                  encoding='utf-8') as file:
            file.write(text)
    found = list(complaints(root)) + sorted(left_out(root)) + \
        sorted(not_installed(root))
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
