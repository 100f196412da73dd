#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Manual pages of section 3, in mdoc: manual.py ROOT FOLDER [HEADER...]

One for each header, or for those that are named, made of what stands there; and
for each function, type and macro of C a link to that of its header. Meson calls
it to install them, and says by its environment where FOLDER is.
"""
import os
import re
import sys

sys.dont_write_bytecode = True  # of root, in somebody's sources
import cpp
import headers

# Of the version that they are about.
DATE = 'November 24, 2026'
LIBRARIES = {'curl.h': 'avow-curl', 'nats.h': 'avow-nats', 'tls.h': 'avow-tls',
             'sim.h': 'avow_sim'}
API = re.compile(r'AVOW_(?:ASYNC_)?(?:API|INLINE|MUST_USE) ?|static inline |'
                 r'AVOW_PRINTF\([^)]*\)')
NAME = re.compile(r'\b(?:avow|AVOW)_\w+')


def escaped(text):
    """Text that roff leaves alone."""
    text = text.replace('\\', r'\e').replace('…', '...')
    return '\n'.join(r'\&' + line if line.startswith(('.', "'")) else line
                     for line in text.split('\n'))


def quoted(argument):
    """One argument of a macro."""
    return '"' + argument.replace('\\', r'\e').replace('"', r'\(dq') + '"'


class Manual:
    def __init__(self, all_headers, core):
        self.core = core
        self.version = next(
            entry.code.split()[-1].strip('"') for header in all_headers
            for entry in header.entries if entry.name == 'AVOW_VERSION')
        self.known = {entry.name: page_of(header) for header in all_headers
                      for entry in header.entries}

    def marked(self, text):
        return NAME.sub(lambda match: rf'\fB{match[0]}\fP'
                        if match[0] in self.known else match[0], escaped(text))

    def prose(self, text):
        """Paragraphs, and code where lines are indented."""
        out = []
        for block in re.split(r'\n\s*\n', text):
            lines = block.split('\n')
            at = next((n for n, line in enumerate(lines)
                       if line.startswith('  ')), len(lines))
            if at > 0:
                out.append(sentences(self.marked(' '.join(lines[:at]))))
            if at < len(lines):
                out.append(code('\n'.join(lines[at:])))
        return '\n.Pp\n'.join(out).replace('.Pp\n.Bd', '.Bd')

    def entry(self, entry):
        lines = [f'.Ss {title(entry)}', self.prose(entry.text)]
        if of_cpp(entry) or \
                entry.kind == 'type' and re.search(r'[{(]', entry.code):
            lines.append(code(entry.code))
        return lines

    def page(self, header):
        page = page_of(header)
        names = [title(entry).rstrip('()') for entry in header.entries]
        library = LIBRARIES.get(header.name, 'avow')
        own = 'avow.hpp' if header.name.endswith('.hpp') else \
            'avow.h' if header.name in self.core else f'avow/{header.name}'
        lines = [f'.Dd {DATE}', f'.Dt {page.upper()} 3', f'.Os avow {self.version}', '.Sh NAME']
        lines += [f'.Nm {name} ,' for name in names[:-1]] + [f'.Nm {names[-1]}']
        lines += [f'.Nd {escaped(first_sentence(header.about))}',
                  '.Sh LIBRARY', f'Flags by pkg-config: {library}',
                  '.Sh SYNOPSIS', f'.In {own}']
        for entry in header.entries:
            lines += synopsis(entry)
        lines += ['.Sh DESCRIPTION', self.prose(header.about)]
        for entry in header.entries:
            lines += self.entry(entry)
        others = sorted({self.known[name] for name in NAME.findall(
            header.about + ''.join(entry.text for entry in header.entries))
            if name in self.known} - {page})
        if others:
            lines += ['.Sh SEE ALSO']
            lines += [f'.Xr {name} 3 ,' for name in others[:-1]]
            lines += [f'.Xr {others[-1]} 3']
        return '\n'.join(lines) + '\n'


def page_of(header):
    """avow_promise of promise.h; avow.hpp, avow_value.hpp."""
    name = header.name.removesuffix('.h')
    return name if name.startswith('avow.') else f'avow_{name}'


def of_cpp(entry):
    return entry.name.startswith('avow::')


def title(entry):
    """An enumeration without a name goes by its first constant."""
    return f'{entry.name}()' if entry.kind == 'function' else entry.name


LINE = 80  # of the list of pages


def first_sentence(text):
    """What .Nd takes: a line at most, and no full stop."""
    sentence = re.split(r'\.(?:\s|$)', ' '.join(text.split()))[0]
    for mark in ('[:;]', ','):  # what an enumeration is of says enough
        while len(sentence) > LINE and re.search(f'.{{25}}{mark} ', sentence):
            sentence = re.split(f'{mark} (?!.*{mark} )', sentence)[0]
    return sentence[0].lower() + sentence[1:] \
        if not sentence[:2].isupper() else sentence


def sentences(text):
    """Each on a line of its own, as mdoc wants them."""
    text = re.sub(r'(?<=\w[.?!])([)"]?) +(?=[^a-z])|(?<=[)"][.?!]) +(?=[^a-z])',
                  r'\1\n', text)
    return '\n'.join(r'\&' + line if line.startswith(('.', "'")) else line
                     for line in text.split('\n'))


def code(text):
    return f'.Bd -literal -offset indent\n{escaped(text)}\n.Ed'


def arguments(text):
    """Of a list of parameters, each, whatever is in parentheses there."""
    out, depth = [''], 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            out.append('')
        else:
            out[-1] += char
    return [argument.strip() for argument in out]


def synopsis(entry):
    if entry.kind == 'type' or of_cpp(entry):
        return []
    if entry.kind == 'macro':
        found = re.match(r' *# *define \w+\(([^)]*)\)', entry.code)
        if found is None:
            return [f'.Fd "#define {entry.name}"']
        takes = ' '.join(quoted(name.strip()) for name in found[1].split(','))
        return [f'.Fn {entry.name} {takes}']
    code = ' '.join(API.sub('', entry.code).split()).rstrip(' ;')
    code = re.sub(r'\((avow_\w+)\) ?\(', r'\1(', code)
    gives, takes = re.match(rf'(.*?)\b{entry.name}\((.*)\)$', code).groups()
    return [f'.Ft {quoted(gives.strip())}', f'.Fo {entry.name}',
            *(f'.Fa {quoted(argument)}' for argument in arguments(takes)),
            '.Fc']


def save(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def link(page, at):
    if os.path.lexists(at):
        os.remove(at)
    os.symlink(page, at)


def place(folder):
    prefix = os.environ.get('MESON_INSTALL_DESTDIR_PREFIX', '')
    if os.path.isabs(folder):
        return os.environ.get('DESTDIR', '') + folder if prefix else folder
    return os.path.join(prefix, folder)


def main():
    root, folder, *wanted = sys.argv[1:]
    folder = place(folder)
    os.makedirs(folder, exist_ok=True)
    all_headers = headers.all_of(root) + cpp.all_of(root)
    manual = Manual(all_headers, headers.core_of(root))
    own = {page_of(header) for header in all_headers}
    for header in all_headers:
        if wanted and header.name not in wanted:
            continue
        page = page_of(header)
        save(f'{folder}/{page}.3', manual.page(header))
        for entry in header.entries:
            if entry.name in own and entry.name != page:
                sys.exit(f'{entry.name} is a function of {header.name}, and '
                         'the page of another')
            if entry.name != page and not of_cpp(entry):
                link(f'{page}.3', f'{folder}/{entry.name}.3')


if __name__ == '__main__':
    main()
