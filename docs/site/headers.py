#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What include/avow/*.h say, for the reference, the manual pages and tests.

A header is read as it is laid out: a comment that opens it, and then one
declaration after the other, each with the comment right above it. What has a
comment that begins with one star is no business of programs, and is left out;
so is what C++ alone sees. avow.hpp and avow/*.hpp are read by cpp.py.
"""
import os
import re
from typing import NamedTuple

# A comment, a line for the preprocessor, or the beginning of a declaration.
PIECE = re.compile(r'''(?s)
    (?P<comment>/\*.*?\*/)
  | (?P<directive>^[ ]*\#(?:[^\n\\]|\\.)*)
  | (?P<space>\s+)
''', re.X | re.M)
WORD = re.compile(r'\b(?:avow|AVOW)_\w+')
INLINE = r'AVOW_INLINE|static inline'


class Entry(NamedTuple):
    """A declaration: what it declares, the text above it, and how it reads."""
    kind: str  # function, type or macro
    name: str
    text: str
    code: str
    line: int


class Header(NamedTuple):
    name: str
    about: str
    entries: list


def without_cpp(text):
    """As many lines as before, so that those of the rest stay right."""
    def blank(match):
        return '\n' * match[0].count('\n')
    return re.sub(r'(?ms)^(# *)if defined\(__cplusplus\).*?^\1else\b', blank,
                  text)


def plain(comment):
    """The text of a comment, with its own line breaks."""
    lines = comment[2:-2].lstrip('*').split('\n')
    lines = [re.sub(r'^ ?\* ?', '', line.strip() if n == 0 else line).rstrip()
             for n, line in enumerate(lines)]
    if not comment.startswith(('/**\n', '/*\n')):  # the text hangs by blanks
        lines = [line.strip() for line in lines]
    return '\n'.join(lines).strip('\n')


def end_of(text, start):
    """Where the declaration that begins there is over."""
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
    """(kind, name) of a declaration, or None of what is not avow's."""
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
    """What one star says, and of what a header alone consists of nothing."""
    return re.match(r'/\*[^*]', comment) or \
        code.startswith('static inline') and not comment


def body(code):
    """Of an inline function its prototype alone."""
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
    """A header, whose first comment, behind its licence, is about it."""
    with open(path, encoding='utf-8') as file:
        text = without_cpp(file.read())
    opening = re.match(r'(?s)(?:/\* SPDX-[^\n]*\n)?(/\*.*?\*/)', text)
    if opening is None:
        raise ValueError(f'{path}: no comment opens it')
    rest = '\n' * opening[0].count('\n') + text[opening.end():]
    name = os.path.basename(path)
    # Of config.h, what has no text is for the other headers.
    found = [entry for entry in entries(rest)
             if entry.text or name != 'config.h']
    return Header(name, plain(opening[1]), found)


def all_of(root):
    """The headers of C that programs include, by name."""
    folder = os.path.join(root, 'include', 'avow')
    found = [read(os.path.join(folder, name))
             for name in sorted(os.listdir(folder)) if name.endswith('.h')]
    return [header for header in found if header.entries]


def core_of(root):
    """The names of those that avow.h includes."""
    with open(os.path.join(root, 'include', 'avow.h'), encoding='utf-8') as file:
        return set(re.findall(r'^#include "avow/(.*)"$', file.read(), re.M))
