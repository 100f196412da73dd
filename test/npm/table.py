#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The table of docs/from-npm.md: which tests of the packages exist in C, and why
others do not.

  table.py [--write]   compares the page with the cases, or writes it
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parent.parent / 'docs' / 'from-npm.md'
BEGIN = '<!-- cases -->\n'
ROW = re.compile(r'(SAME|DIFFERS|UNSAID)\(\s*"((?:[^"\\]|\\.)*)",\s*(.*?)\),\n',
                 re.DOTALL)
WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')


def definitions():
    """Return the strings that macros define."""
    text = ''.join(path.read_text(encoding='utf-8').replace('\\\n', ' ')
                   for path in sorted(HERE.glob('*.[ch]')))
    return dict(re.findall(r'#define (\w+) +"(.*)"', text))


def reason(text, macros):
    """Return the note of a row: quoted strings, or the string of a macro."""
    said = ''.join(WORD.findall(text))
    if said:
        return said
    name = text.split(',')[-1].strip()
    return macros[name]


def packages():
    """Return the cases of each package, as (kind, name, note)."""
    macros = definitions()
    found = {}
    for path in sorted(HERE.glob('test_p_*.c')):
        text = path.read_text(encoding='utf-8')
        package = re.search(r'RUN_NPM\("([^"]+)"', text).group(1)
        # Long names and notes are split into several strings.
        rows = re.sub(r'" *\n *"', '', text[text.index('npm_case_t cases[]'):])
        for kind, name, rest in ROW.findall(rows):
            note = '' if kind == 'SAME' else reason(rest, macros)
            found.setdefault(package, []).append((kind, name, note))
        written = len(re.findall(r'\b(?:SAME|DIFFERS|UNSAID)\(', rows))
        assert written == len(ROW.findall(rows)), f'{path}: a row is not read'
    return found


def lines(package, cases):
    """List the reasons for cases that differ, with the number of cases."""
    notes = {}
    for kind, _, note in cases:
        if kind == 'DIFFERS':
            notes[note] = notes.get(note, 0) + 1
    if notes:
        yield f'\n**{package}**:\n\n'
    for note, count in notes.items():
        yield from wrapped(f'* {note}' + (f' ({count})' if count > 1 else ''))


def wrapped(text):
    """Wrap the text in lines of at most 120 columns."""
    line = ''
    for word in text.split():
        if len(line) + 1 + len(word) > 118:
            yield line + '\n'
            line = '  ' + word
        else:
            line = f'{line} {word}' if line else word
    yield line + '\n'


def table():
    """Return the generated part of the page."""
    text = '| package | cases | as there | differ by design | no counterpart in C |\n'
    text += '|---|---:|---:|---:|---:|\n'
    found = packages()
    total = [0, 0, 0, 0]
    for package, cases in found.items():
        kinds = [kind for kind, _, _ in cases]
        row = [len(kinds)] + [kinds.count(kind)
                              for kind in ('SAME', 'DIFFERS', 'UNSAID')]
        total = [a + b for a, b in zip(total, row)]
        text += f'| {package} | ' + ' | '.join(map(str, row)) + ' |\n'
    text += '| | ' + ' | '.join(map(str, total)) + ' |\n'
    return text + ''.join(line for package, cases in found.items()
                          for line in lines(package, cases))


def main():
    """Compare the page with the cases, or write it."""
    page = PAGE.read_text(encoding='utf-8')
    head = page[:page.index(BEGIN) + len(BEGIN)] + '\n'
    wanted = head + table()
    if '--write' in sys.argv[1:]:
        PAGE.write_text(wanted, encoding='utf-8')
    elif page != wanted:
        sys.exit('docs/from-npm.md is not what the cases say: '
                 'python3 test/npm/table.py --write')
    print(table().split('\n\n')[0])


main()
