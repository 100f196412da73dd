#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/fanout.svg is up to date and that docs/record.py works.

  recording.py SOURCE-ROOT

The picture must be small XML without scripts. Without animation, it must show
the table of the fan-out. Other recorded commands must leave the expected lines
on the screen.
"""
import os
import re
import sys
import tempfile
import xml.etree.ElementTree as tree

sys.dont_write_bytecode = True  # a test must not write to the sources

SVG = '{http://www.w3.org/2000/svg}'
MOST = 60 * 1024
ROWS = [
    r'\$ examples/fanout', r'target +outcome +ms +answer or reason',
    r'quick +fulfilled +[\d.]+ +HTTP 200, 21 bytes',
    r'secure +fulfilled +[\d.]+ +HTTP 200, 21 bytes',
    r'slow +fulfilled +[\d.]+ +HTTP 200, 21 bytes',
    r'forged +rejected +[\d.]+ +SSL certificate problem.*',
    r'reset +rejected +[\d.]+ +Recv failure: .*',
    r'silent +rejected +1\d\d\d\.\d +timed out',
    r'nobody +rejected +[\d.]+ +connection refused',
    r'all-settled was fulfilled with 7 outcomes: 3 fulfilled, 4 rejected',
]


def standing(path):
    """Return the lines that are visible without animation, from the top."""
    root = tree.parse(path).getroot()
    groups = [root] + [g for g in root.findall(f'{SVG}g')
                       if g.get('class') != 'gone']
    texts = [text for g in groups for text in g.findall(f'{SVG}text')]
    texts.sort(key=lambda text: float(text.get('y')))
    return [''.join(text.itertext()) for text in texts]


def of_fanout(root):
    path = os.path.join(root, 'docs', 'fanout.svg')
    with open(path, encoding='utf-8') as file:
        text = file.read()
    if len(text.encode()) > MOST or '<script' in text:
        yield 'docs/fanout.svg is too large or has a script'
    if 'prefers-reduced-motion' not in text:
        yield 'docs/fanout.svg ignores prefers-reduced-motion'
    lines = standing(path)
    for row in ROWS:
        if not any(re.fullmatch(row, line) for line in lines):
            yield f'docs/fanout.svg has no line "{row}"'


def recorded(record, folder, *words):
    """Return the error message of record.py, and the final lines."""
    path = os.path.join(folder, 'recording.svg')
    sys.argv = ['record.py', *words[:-1], path, 'sh', '-c', words[-1]]
    try:
        record.main()
        return '', standing(path)
    except SystemExit as end:
        return end.code, None


def of_others(root, folder):
    sys.path.insert(0, os.path.join(root, 'docs'))
    import record
    said, lines = recorded(
        record, folder, '--shown', 'x', '--columns', '8',
        'printf "\\033[32ma <&>\\033[0m\\n1/2 done"; sleep 0.1; '
        'printf "\\r\\033[Kok\\nten letters\\n"')
    if lines != ['$ x', 'a <&>', 'ok', 'ten lett', 'ers']:
        yield f'the recording ends with unexpected lines: {said or lines}'
    said, lines = recorded(record, folder, 'printf "\\033[2J"')
    if lines is not None or 'unknown sequence' not in said:
        yield f'record.py does not report an unknown sequence: {said or lines}'


def has_terminal():
    try:
        for end in os.openpty():
            os.close(end)
        return True
    except OSError:
        return False


def main():
    root = sys.argv[1]
    found = list(of_fanout(root))
    if has_terminal():
        with tempfile.TemporaryDirectory() as folder:
            found += of_others(root, folder)
    elif os.environ.get('CI'):
        found.append('no pseudo-terminals here (/dev/pts)')
    for line in found:
        print(line)
    if not found and not has_terminal():
        print('skipped: no pseudo-terminals here (/dev/pts)')
        sys.exit(77)
    sys.exit(bool(found))


main()
