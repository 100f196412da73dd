#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do docs/rules.md and docs/contents.md say what is so?

  rules.py SOURCE-ROOT

The second rule names each function that returns a code, and no other. The third
names those that SECURITY.md gives to other threads. The tables have each header
and each example. And what they name is installed.
"""
import os
import re
import sys

# A code that is read off an error, what macros of stackless.h call, and the
# status of a program.
NO_CODES = {'avow_error_code', 'avow_frame_enter', 'avow_sim_main'}


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def returning_codes(root):
    folder = os.path.join(root, 'include', 'avow')
    for name in os.listdir(folder):
        text = re.sub(r'(?s)/\*.*?\*/', ' ', read(folder, name))
        yield from re.findall(r'\bAVOW_\w+\s+int\s+(avow_\w+)\(', text)


def sentence(rule, begin, end):
    """The functions that are named from begin to end."""
    rule = ' '.join(rule.split())
    return set(re.findall(r'`(avow_\w+)`', rule[rule.index(begin):].split(end)[0]))


def complaints(root):
    rules = re.split(r'\n\d\. \*\*', read(root, 'docs', 'rules.md').split(
        '\n## ')[0])
    named = sentence(rules[2], 'Codes are returned', 'What gives you')
    codes = set(returning_codes(root)) - NO_CODES
    for name in sorted(named ^ codes):
        yield f'rule 2 and the headers disagree whether {name}() returns a code'
    named = sentence(rules[3], 'Other threads', 'Values may be')
    threads = read(root, 'SECURITY.md').split('\n## Threads')[1]
    table = set(re.findall(r'`(avow_\w+)`', ''.join(
        line.split(' | ')[0] for line in threads.split('\n')
        if line.startswith('| `'))))
    for name in sorted(named - {'avow_loops_t'} ^ table):
        yield f'rule 3 and SECURITY.md disagree whether threads call {name}()'


# What other headers need.
NO_TOPICS = {'all.h', 'exceptions.h'}


def left_out(root):
    """Headers, and examples by the names that their build has."""
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
    """But for those that are installed with a library of their own."""
    adapters = os.path.join(root, 'src', 'adapters')
    apart = {'napi.h', 'sim.h'} | {f'{name}.h' for name in os.listdir(adapters)}
    topics = re.findall(r"'(\w+)'[],]", read(root, 'include', 'meson.build'))
    headers = set(os.listdir(os.path.join(root, 'include', 'avow'))) - apart
    headers = {name for name in headers if name.endswith('.h')}
    for name in headers - {f'{topic}.h' for topic in topics + ['all']}:
        yield f'include/meson.build does not install {name}'


def main():
    root = sys.argv[1]
    found = list(complaints(root)) + sorted(left_out(root)) + \
        sorted(not_installed(root))
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
