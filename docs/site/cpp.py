# SPDX-License-Identifier: MIT
"""Read the public part of avow.hpp and avow/*.hpp, as headers.py reads C.

This covers classes, functions and variables of namespace avow, and the public
members of classes without their bodies. Declarations below a comment that
begins with one star are left out, and so are aliases and nested namespaces.
"""
import glob
import os
import re

import headers

ACCESS = re.compile(r'(public|private|protected):')
DEPTH = {'(': 1, '[': 1, '{': 1, ')': -1, ']': -1, '}': -1}


def end_of(text, start):
    """Return the end of the declaration that begins at `start`."""
    depth, at = 0, start
    while at < len(text):
        if text.startswith('/*', at):
            at = text.index('*/', at) + 2
            continue
        depth += DEPTH.get(text[at], 0)
        at += 1
        if depth == 0 and text[at - 1] == ';':
            return at
        if depth == 0 and text[at - 1] == '}' and \
                not re.match(r'\s*[;,({]', text[at:]):
            return at
    raise ValueError('a declaration without an end: ' + text[start:start + 60])


def opening(code):
    """Return the start of the body, or the end of the code."""
    depth = 0
    for at, char in enumerate(code):
        if char == '{' and depth == 0:
            return at
        depth += DEPTH.get(char, 0)
    return len(code)


def prototype(code):
    """Return the code without a body and without initializers of a constructor."""
    depth, called = 0, False
    head = code[:opening(code)]
    for at, char in enumerate(head):
        depth += DEPTH.get(char, 0)
        called = called or char == ')'
        if char == ':' and depth == 0 and called and \
                head[at - 1] != ':' and head[at + 1:at + 2] != ':':
            head = head[:at]
            break
    return head.rstrip(' \n;') + ';'


def pieces(text):
    """Yield (comment, code, line) of each declaration and access specifier."""
    at, comment = 0, ''
    while at < len(text):
        piece = headers.PIECE.match(text, at)
        if piece:
            at = piece.end()
            if piece['comment']:
                comment = piece[0]
            elif piece['directive'] or piece[0].count('\n') > 1:
                comment = ''
            continue
        access = ACCESS.match(text, at)
        end = access.end() if access else end_of(text, at)
        yield comment, text[at:end], text.count('\n', 0, at) + 1
        at, comment = end, ''


def is_internal(comment, code):
    return re.match(r'/\*[^*]', comment) or re.match(
        r'using \w+ =|friend\b|template <[^>]*> using\b|namespace\b', code)


def members(code):
    """Return a class with its public members."""
    begin = opening(code)
    if begin == len(code):
        return code
    seen = 'public' if re.search(r'\bstruct \w+[^>]*$', code[:begin]) else ''
    shown = []
    for comment, member, _ in pieces(code[begin + 1:code.rindex('}')]):
        access = ACCESS.fullmatch(member)
        if access:
            seen = access[1]
        elif seen == 'public' and not is_internal(comment, member):
            shown += [''] if comment and shown else []
            shown += [f'  {comment}'] if comment else []
            shown.append(f'  {prototype(member)}')
    return '\n'.join([code[:begin].rstrip() + ' {', *shown, '};'])


def named(code):
    """Return (kind, name), or None for forward declarations and members."""
    bare = re.sub(r'^template <.*?>\s+(?=\w)', '', code[:opening(code)], flags=re.S)
    if re.match(r'(class|struct) \w+;', bare) or re.match(r'[^(]*\w::\w+\(', bare):
        return None
    found = re.match(r'(?:class|struct) (\w+)', bare)
    if found:
        return 'class', found[1]
    found = re.match(r'[^(=;]*?\b(\w+) ?\(', bare)
    if found:
        return 'function', found[1]
    return 'var', re.match(r'[^=;]*?\b(\w+)\s*(?:=|;|$)', bare)[1]


def inside(text):
    """Return the contents of namespace avow, with unchanged line numbers."""
    begin = re.search(r'(?m)^namespace avow \{$', text).end()
    end = text.rindex('} // namespace avow')
    return '\n' * text.count('\n', 0, begin) + \
        re.sub(r'//.*', '', text[begin:end])


def in_c(code):
    """Return a comment for a declaration without one."""
    name = re.search(r'\bavow_\w+', code)
    if name is None:
        return ''
    return f'The C++ form of {name[0]}{"" if name[0].endswith("_t") else "()"}.'


def read(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    about = re.match(r'/\* SPDX-[^\n]*\n(/\*(?s:.*?)\*/)', text)[1]
    found = []
    for comment, code, line in pieces(inside(text)):
        what = None if is_internal(comment, code) else named(code)
        if what:
            found.append(headers.Entry(
                what[0], f'avow::{what[1]}',
                headers.plain(comment) if comment else in_c(code),
                members(code) if what[0] == 'class' else prototype(code), line))
    return headers.Header(os.path.basename(path), headers.plain(about), found)


def all_of(root):
    return [read(f'{root}/include/avow.hpp'), *map(
        read, sorted(glob.glob(f'{root}/include/avow/*.hpp')))]


def signature(entry):
    """Return the declaration for the C++ domain."""
    name = entry.name.split('::')[1]
    if entry.kind == 'class':
        before = re.match(r'(?s)(template <.*?> )?(?:class|struct) ',
                          ' '.join(entry.code.split()))[1] or ''
        return before + entry.name
    code = re.sub(r'\b(inline|constexpr) ', '', ' '.join(entry.code.split()))
    return re.sub(rf'\b{name}\b', entry.name, code.rstrip(';'), count=1)
