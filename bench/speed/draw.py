#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draws docs/speed.md and its pictures from a recorded run.

  draw.py [--check] [RECORD [DOCS]]

The prose of the page is kept. The parts between its marks come from the record:
the date and the machine, and a picture and a table for each question. The prose
must explain results that are far above or below their floor. --check writes
nothing and fails if the page or the pictures do not match the record.
"""
import os
import re
import sys
import textwrap

sys.dont_write_bytecode = True  # a test must not leave files in the sources

import chart
from questions import QUESTIONS, many_of, name_of, rows_of
from record import read

DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../../docs')
FAR = 8  # times the floor, or a fraction of it
MARKED = re.compile(r'(<!-- speed: (\w+) -->\n).*?(<!-- end -->\n)', re.S)


def amount(x):
    return f'{x:.0f}' if x >= 100 else f'{x:.1f}'


def digits(x):
    """Rounds to three digits; larger numbers keep all digits."""
    return f'{x:.2f}' if x < 10 else f'{x:.1f}' if x < 100 else f'{x:,.0f}'


def said(row):
    """An amount with its unit, as a bar shows it."""
    if row.unit == 'bytes':
        return f'{digits(row.amount)} bytes'
    for unit, ns in ('ms', 1e6), ('µs', 1e3):
        if row.amount >= ns:
            return f'{digits(row.amount / ns)} {unit}'
    return f'{amount(row.amount)} ns'


def bar(question, row):
    times = f'{digits(row.times)} ×' if row.floor else ''
    by_times = question.by == 'times'
    return chart.Bar(
        name_of(row)[0], many_of(question, row), name_of(row)[1],
        row.times if by_times else row.amount,
        (1 if by_times else row.floor) if row.floor else 0,
        times if by_times else said(row), said(row) if by_times else times)


def picture(question, rows):
    by_key = {row.key: row for row in rows}
    return chart.picture(question.asks, question.each, question.floor, [
        bar(question, by_key[key]) for key in question.bars if key in by_key])


def line(row):
    what, floor = name_of(row)
    cells = [f'{what}; {floor}' if floor else what, f'{row.n:,}',
             amount(row.amount)]
    cells += [amount(row.floor), f'{row.times:.2f}'] if row.floor else ['', '']
    cells += [f'{row.asked:.3f}'] if row.asked is not None else ['']
    return '| ' + ' | '.join(cells) + ' |'


def block(question, rows):
    if not rows:
        sys.exit(f'draw: the record has no answer to "{question.asks}"')
    unit = rows[0].unit
    return '\n'.join([
        f'![{question.asks}](speed/{question.name}.svg)', '',
        f'| what | at a time | {unit} | floor | times | asked |',
        '|---|--:|--:|--:|--:|--:|', *map(line, rows), ''])


def circumstances(about):
    text = f'Recorded on {about["date"]}: {about["machine"]}; ' \
           f'{about["compiler"]}, libuv {about["libuv"]}, avow {about["avow"]}.'
    return textwrap.fill(text, 120) + '\n'


def is_far(row):
    return row.floor > 0 and not 1 / FAR < row.times < FAR


def complaints(page, rows):
    """Rows that are recorded and not shown, or shown and not explained."""
    asked = ' '.join(question.of for question in QUESTIONS).split()
    for name in sorted({row.question for row in rows} - set(asked)):
        yield f'no question is answered by the benchmark {name}'
    sections = dict(re.findall(r'(?s)\n## ([^\n]*)\n(.*?)(?=\n## |\Z)',
                               MARKED.sub('', page)))
    keys = {row.key for row in rows}
    for question in QUESTIONS:
        for key in set(question.bars) - keys:
            yield f'the record has no row for a bar of "{question.asks}": {key}'
        prose = ' '.join(sections.get(question.asks, '').split())
        if not prose:
            yield f'the page does not ask: {question.asks}'
        for what in sorted({name_of(row)[0] for row in
                            rows_of(question, rows) if is_far(row)}):
            if f'**{what}**' not in prose:
                yield f'"{question.asks}" does not explain **{what}**'


def drawn(page, about, rows):
    """The contents of each file."""
    blocks = {'record': circumstances(about)}
    files = {}
    for question in QUESTIONS:
        mine = rows_of(question, rows)
        blocks[question.name] = block(question, mine)
        files[f'speed/{question.name}.svg'] = picture(question, mine)
    missing = set(blocks) - {mark for _, mark, _ in MARKED.findall(page)}
    if missing:
        sys.exit(f'draw: the page has no mark for: {", ".join(sorted(missing))}')
    files['speed.md'] = MARKED.sub(
        lambda match: match[1] + '\n' + blocks[match[2]] + '\n' + match[3], page)
    return files


def text_of(path):
    if not os.path.exists(path):
        return ''
    with open(path, encoding='utf-8') as file:
        return file.read()


def main():
    arguments = [word for word in sys.argv[1:] if word != '--check']
    docs = arguments[1] if len(arguments) > 1 else DOCS
    about, rows = read(arguments[0] if arguments else f'{docs}/speed.csv')
    page = text_of(f'{docs}/speed.md')
    wrong = list(complaints(page, rows))
    for name, text in drawn(page, about, rows).items():
        if '--check' not in sys.argv:
            os.makedirs(os.path.dirname(f'{docs}/{name}'), exist_ok=True)
            with open(f'{docs}/{name}', 'w', encoding='utf-8') as file:
                file.write(text)
        elif text != text_of(f'{docs}/{name}'):
            wrong.append(f'docs/{name} is not what the record says')
    for sentence in wrong:
        print(f'draw: {sentence}')
    sys.exit(bool(wrong))


if __name__ == '__main__':
    main()
