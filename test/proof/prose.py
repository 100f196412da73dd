#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Count the habits of style that make text hard to read.

  prose.py [--write] [--list [PATH...]]

Reads the documents, the public headers and all comments, and prints how often
each habit occurs in each area. The test fails if a count is larger than in
prose.txt. --write stores the counts there. --list prints each place.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
KEPT = f'{HERE}/prose.txt'
LONG = 30

# The verb of a clause that "for" joins as "because" does.
VERB = (r'(?:is|are|was|were|has|have|had|does|do|did|would|will|can|could|'
        r'may|might|must|needs?|says?|knows?|takes?|gives?|goes|comes|stays|'
        r'makes?|begins?|tells?|sees?|finds?|lets?|wants?)\b')
HABITS = {
    'who, what first': r'^(?-i:Who|Whoever|Whom|Whose|What|Whatever|That which)\b'
                       r'(?!.*\?$)',
    'nobody': r'\b(?:nobody|somebody|nothing else|elsewhere)\b',
    'let go of': r'\blet(?:s|ting)? go\b',
    'has gone': r'\b(?:has|have|had|is|are) gone\b',
    'so many': r'\bso (?:many|much|long)\b',
    # Not "of libuv's threads".
    "of libuv's": r"\bof (?:libuv|avow|the program|the loop|the user)'s(?:"
                  r'\W*$|[,.;:)]| (?:own|that|which|and|or|in|on|by|for|with|'
                  rf'to|until|{VERB})\b)',
    'but for': r'\bbut for\b',
    # Not "for example" and "for the tests".
    ', for': r', for (?:it|he|they|nobody|somebody|there|'
             rf"(?:(?!what|which|who|that|where)[\w']+ ){{1,4}}?{VERB})\b",
    'long': None,
}
AREAS = {
    'docs': r'(README|CONTRIBUTING|SECURITY|CHANGELOG)\.md$'
            r'|docs/.*\.(md|py)$|debian/(rules|control|tests/)'
            r'|meson_options\.txt$|\.github/.*\.(md|yml)$',
    'headers': r'include/',
    'src': r'src/.*\.[chS]$',
    'test': r'test/.*\.([ch]|cpp|py|sh|js|pl|build)$|\.ci/',
    'bench': r'bench/.*\.([ch]|cpp|py|sh|js|build)$',
    'examples': r'examples/.*\.([ch]|cpp|py|sh|js|build)$',
}
FOLDERS = ('.ci', '.github', 'bench', 'debian', 'docs', 'examples', 'include',
           'src', 'test')
MADE = ('__pycache__', 'node_modules')
GENERATED = re.compile(r'docs/(libuv|testing|speed|invariants)\.md$')
# The end of a sentence, except behind an abbreviation.
END = re.compile(r'(?<!e\.g)(?<!i\.e)[.!?:]["\')]?'
                 r'(?:\s+(?=["\'(`*]?[A-Z0-9`_*])|$)|$')


def files():
    """The paths of all files, because an unpacked release has no git."""
    yield from (name for name in sorted(os.listdir(ROOT))
                if os.path.isfile(f'{ROOT}/{name}'))
    for top in FOLDERS:
        for folder, folders, names in os.walk(f'{ROOT}/{top}'):
            folders[:] = sorted(set(folders) - set(MADE))
            yield from (os.path.relpath(f'{folder}/{name}', ROOT)
                        for name in sorted(names))


def area_of(path):
    if GENERATED.search(path):
        return None
    return next((area for area, pattern in AREAS.items()
                 if re.match(pattern, path)), None)


COMMENT = re.compile(r'''(?xms)
    "(?:\\.|[^"\\\n])*"           # a string may contain the beginning of one
  | (?P<comment>/\*.*?\*/ | ^[ \t]*//[^\n]*(?:\n[ \t]*//[^\n]*)*)
''')


def blocks_of_c(text):
    """(line, text) of each comment; indented lines are code."""
    for match in COMMENT.finditer(text):
        if match['comment'] is None:
            continue
        lines = [re.sub(r'^\s*(?:\*+|//) ?', '', line)
                 for line in match[0].strip('/').split('\n')]
        yield (text.count('\n', 0, match.start()) + 1,
               [line.rstrip('*') for line in lines])


def blocks_of_script(text):
    """Comments, Python's docstrings, and descriptions of Meson's options."""
    lines, start = [], 0
    for number, line in enumerate(text.split('\n'), 1):
        found = re.match(r'\s*#(?: (.*)|$)', line)
        if found:
            start = start or number
            lines.append(found[1] or '')
        elif lines:
            yield start, lines
            lines, start = [], 0
    if lines:
        yield start, lines
    for match in re.finditer(r'(?s)"""(.*?)"""', text):
        yield (text.count('\n', 0, match.start()) + 1,
               [line.strip() if n == 0 else re.sub('^ {4}', '', line)
                for n, line in enumerate(match[1].split('\n'))])
    for match in re.finditer(r"description: '([^']*)'", text):
        yield text.count('\n', 0, match.start()) + 1, [match[1]]


def blocks_of_document(text):
    """Paragraphs, items and cells; not code."""
    inside, lines, start = False, [], 0
    for number, line in enumerate(text.split('\n') + [''], 1):
        if line.lstrip().startswith('```'):
            inside = not inside
        begins = re.match(r'\s*(?:[*#>-]|\d+\.|\|)', line)
        if lines and (inside or not line.strip() or begins):
            yield start, lines
            lines = []
        if inside or not line.strip() or line.lstrip().startswith('```') or \
                line.startswith('    '):
            continue
        if line.startswith('|'):
            for cell in line.strip('|').split('|'):
                yield number, [cell]
            continue
        start = start if lines else number
        lines.append(re.sub(r'^\s*(?:[*#>-]+|\d+\.) ?', '', line))


def statements(lines):
    """(offset, sentence): a blank, indented or labeled line ends a sentence."""
    pieces, start = [], 0
    for number, line in enumerate(lines + ['']):
        if 'SPDX-License' in line:
            line = ''
        label = re.match(r'\s*@\w+\s*(.*)', line)
        if label or not line.strip() or line.startswith('  ') and not pieces:
            if pieces:
                yield from sentences(pieces, start)
            pieces, start = ([label[1]] if label else []), number
            continue
        if not pieces:
            start = number
        pieces.append(line.strip())


def sentences(pieces, start):
    text = ' '.join(pieces)
    at = 0
    for match in END.finditer(text):
        sentence = text[at:match.end()].strip()
        if sentence:
            yield start + line_at(pieces, at), sentence
        at = match.end()


def line_at(pieces, at):
    for number, piece in enumerate(pieces):
        at -= len(piece) + 1
        if at < 0:
            return number
    return len(pieces) - 1


def bare(sentence):
    """Without links' targets and with one word for each piece of code."""
    sentence = re.sub(r'\]\([^)]*\)', '', sentence)
    sentence = re.sub(r'`[^`]*`', 'code', sentence)
    return sentence.strip('*_"\'([ ')


def faults(path, text):
    blocks = blocks_of_c if re.search(r'\.([chS]|cpp|hpp|js)$', path) else \
        blocks_of_document if re.search(r'\.md$', path) else blocks_of_script
    for line, lines in blocks(text):
        for offset, sentence in statements(lines):
            words = bare(sentence)
            for habit, pattern in HABITS.items():
                found = re.search(pattern, words, re.I) if pattern else \
                    len(re.findall(r"\w[\w'’.-]*", words)) > LONG
                if found:
                    yield habit, line + offset, sentence


def read_kept():
    counts = {}
    with open(KEPT, encoding='utf-8') as file:
        for line in file:
            if not line.startswith('#'):
                area, habit, count = re.match(r'(\w+) +(.*?) +(\d+)$',
                                              line).groups()
                counts[area, habit] = int(count)
    return counts


def table(counts):
    """Rows by habit, columns by area."""
    wide = max(map(len, HABITS))
    yield f'{"":{wide}}' + ''.join(f' {area:>8}' for area in AREAS)
    for habit in HABITS:
        yield f'{habit:{wide}}' + ''.join(
            f' {counts[area, habit]:8,}' for area in AREAS)


def main(arguments):
    listed = '--list' in arguments
    wanted = [word for word in arguments if not word.startswith('--')]
    counts = {(area, habit): 0 for area in AREAS for habit in HABITS}
    for path in files():
        area = area_of(path)
        if area is None or wanted and not path.startswith(tuple(wanted)):
            continue
        with open(f'{ROOT}/{path}', encoding='utf-8', errors='replace') as file:
            text = file.read()
        for habit, line, sentence in faults(path, text):
            counts[area, habit] += 1
            if listed:
                print(f'{path}:{line}: {habit}: {sentence}')
    if listed:
        return 0
    print('\n'.join(table(counts)))
    if '--write' in arguments:
        with open(KEPT, 'w', encoding='utf-8') as file:
            file.write('# Written by prose.py --write; no count may grow.\n')
            for (area, habit), count in counts.items():
                file.write(f'{area:8} {habit:15} {count}\n')
        return 0
    kept = read_kept()
    more = [key for key in counts if counts[key] > kept[key]]
    for area, habit in more:
        print(f'{area}: "{habit}" occurs {counts[area, habit]} times, and only '
              f'{kept[area, habit]} are allowed; prose.py --list prints them')
    return 1 if more else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
