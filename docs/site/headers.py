#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read the comments of include/avow/*.h, for the site, manual pages and tests.

A header has a comment that opens it, and then declarations, each with its
comment directly above it. A comment is a summary, prose and labels: `@rejects`
and so on. Declarations below a comment that begins with one star are not
public, and are left out. So is code that only C++ compiles. cpp.py reads
avow.hpp and avow/*.hpp.
"""
import os
import re
from typing import NamedTuple

# A comment, a line of the preprocessor, or the beginning of a declaration.
PIECE = re.compile(r'''(?s)
    (?P<comment>/\*.*?\*/)
  | (?P<directive>^[ ]*\#(?:[^\n\\]|\\.)*)
  | (?P<space>\s+)
''', re.X | re.M)
WORD = re.compile(r'\b(?:avow|AVOW)_\w+')
INLINE = r'AVOW_INLINE|static inline'

# The labels in the order in which a comment has them, and their titles.
LABELS = {
    'settles': 'Settles with', 'rejects': 'Rejects with', 'items': 'Items',
    'fails': 'Fails with', 'returns': 'Returns', 'error': 'Errors',
    'cancel': 'Canceling', 'owns': 'Ownership', 'called': 'Called',
    'blocks': 'Blocks', 'thread': 'Threads', 'platform': 'Platforms',
    'see': 'See also', 'since': 'Since'}
# The beginning of a text that follows its verb without "with".
DIRECT = re.compile(r'(?:after|as|for|if|never|when|with)\b')
CODE = r'[A-Z][A-Z0-9]*_[A-Z0-9_]+'
CODES = re.compile(rf'({CODE}(?:(?:, | or |, or ){CODE})*(?:, …)?) (?=\S)')


class Entry(NamedTuple):
    """A declaration with its name, the comment above it, and its code."""
    kind: str  # function, type or macro
    name: str
    text: str
    code: str
    line: int

    @property
    def summary(self):
        """The first paragraph."""
        return parted(self.text)[0]

    @property
    def prose(self):
        """The other paragraphs, as far as the first label."""
        return parted(self.text)[1]

    @property
    def labels(self):
        """Return (label, text) of each label."""
        return parted(self.text)[2]

    def labeled(self, *labels):
        """Return the texts of these labels."""
        return [text for label, text in self.labels if label in labels]

    @property
    def outcome(self):
        """Return the kind of a function's result: promise, channel or other."""
        found = self.kind == 'function' and re.search(
            r'avow_(promise|channel)_t \*\(?avow_',
            re.sub(r'(?s)/\*.*?\*/', ' ', self.code))
        return found[1] if found else ''


def parted(text):
    """Split a comment into summary, prose, and (label, text) of each label."""
    above, *labels = re.split(r'(?m)^@(\w+)[ \n]*', text)
    summary, _, prose = above.strip('\n').partition('\n\n')
    return summary, prose.strip('\n'), [
        (label, ' '.join(text.split()))
        for label, text in zip(labels[::2], labels[1::2])]


def grouped(labels):
    """Return (title, texts) of each label that occurs, in the order of LABELS."""
    for label, title in LABELS.items():
        texts = [text for name, text in labels if name == label]
        if texts and DIRECT.match(texts[0]):
            title = title.removesuffix(' with')
        if texts:
            yield title, texts


def coded(text):
    """Split the text of an error into (codes, condition), or ('', text)."""
    found = CODES.match(text)
    return (found[1], text[found.end():]) if found else ('', text)


class Header(NamedTuple):
    name: str
    about: str
    entries: list


def without_cpp(text):
    """Remove code that only C++ compiles, with unchanged line numbers."""
    def blank(match):
        return '\n' * match[0].count('\n')
    return re.sub(r'(?ms)^(# *)if defined\(__cplusplus\).*?^\1else\b', blank,
                  text)


def plain(comment):
    """Return the text of a comment with its line breaks."""
    lines = comment[2:-2].lstrip('*').split('\n')
    lines = [re.sub(r'^ ?\* ?', '', line.strip() if n == 0 else line).rstrip()
             for n, line in enumerate(lines)]
    if not comment.startswith(('/**\n', '/*\n')):  # without stars
        lines = [line.strip() for line in lines]
    return '\n'.join(lines).strip('\n')


def end_of(text, start):
    """Return the end of the declaration that begins at `start`."""
    depth = 0
    at = start
    while at < len(text):
        if text.startswith('/*', at):
            at = text.index('*/', at) + 1
        elif text[at] in '({[':
            depth += 1
        elif text[at] in ')}]':
            depth -= 1
            if depth == 0 and text[at] == '}' and re.match(
                    INLINE, text[start:]):
                return at + 1
        elif text[at] == ';' and depth == 0:
            return at + 1
        at += 1
    raise ValueError('a declaration without an end: ' + text[start:start + 60])


def named(code):
    """Return (kind, name) of a declaration, or None if it is not one of avow."""
    bare = re.sub(r'(?s)/\*.*?\*/', ' ', code)
    define = re.match(r' *# *define (\w+)', bare)
    if define:
        return 'macro', define[1]
    if re.match(r'(AVOW_(API|INLINE|ASYNC_API)|static inline)\b', bare):
        name = re.search(r'\(?\b(avow_\w+)\)? ?\(', bare)
        return 'function', name[1]
    if bare.startswith('typedef'):
        name = re.search(r'\(\*(\w+)\)', bare) if '{' not in bare else None
        return 'type', (name or re.search(r'(\w+);$', bare))[1]
    if re.match(r'struct avow_\w+ \{', bare):
        return 'type', re.match(r'struct (avow_\w+)', bare)[1]
    if bare.startswith('enum'):
        return 'type', WORD.search(bare)[0]
    return None


def is_public(name):
    return WORD.fullmatch(name) is not None and not name.endswith(('_H', '_'))


def is_internal(comment, code):
    """Tell declarations below a comment with one star, and inline functions
    without a comment."""
    return re.match(r'/\*[^*]', comment) or \
        code.startswith('static inline') and not comment


def body(code):
    """Return the code, and only the prototype of an inline function."""
    if re.match(INLINE, code):
        return code.split('{')[0].rstrip('; \n') + ';'
    return code


def entries(text):
    at, comment = 0, ''
    while at < len(text):
        piece = PIECE.match(text, at)
        if piece and piece['space']:
            if piece[0].count('\n') > 1:
                comment = ''
            at = piece.end()
            continue
        if piece and piece['comment']:
            comment, at = piece[0], piece.end()
            continue
        start = at
        if piece:
            at = piece.end()
        elif re.match(r'AVOW_HEADER_\w+', text[at:]):
            at = text.find('\n', at)
        else:
            at = end_of(text, at)
        code = text[start:at]
        found = named(code)
        if found and is_public(found[1]) and not is_internal(comment, code):
            yield Entry(*found, plain(comment) if comment else '', body(code),
                        text.count('\n', 0, start) + 1)
        comment = ''


def read(path):
    """Read a header. Its first comment after the license describes it."""
    with open(path, encoding='utf-8') as file:
        text = without_cpp(file.read())
    opening = re.match(r'(?s)(?:/\* SPDX-[^\n]*\n)?(/\*.*?\*/)', text)
    if opening is None:
        raise ValueError(f'{path}: no comment opens it')
    rest = '\n' * opening[0].count('\n') + text[opening.end():]
    name = os.path.basename(path)
    # Declarations of config.h without a comment are for other headers.
    found = [entry for entry in entries(rest)
             if entry.text or name != 'config.h']
    return Header(name, plain(opening[1]), found)


def all_of(root):
    """Read the C headers that programs include, sorted by name."""
    folder = os.path.join(root, 'include', 'avow')
    found = [read(os.path.join(folder, name))
             for name in sorted(os.listdir(folder)) if name.endswith('.h')]
    return [header for header in found if header.entries]


def core_of(root):
    """Return the names of the headers that avow.h includes."""
    with open(os.path.join(root, 'include', 'avow.h'), encoding='utf-8') as file:
        return set(re.findall(r'^#include "avow/(.*)"$', file.read(), re.M))
