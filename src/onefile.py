#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make one file of avow, for programs that do not use its build.

    onefile.py OUT

Writes avow.c and avow.h with the core, and avow-all.c and avow-all.h with every
part, to the directory OUT. Headers come before the files. A function that is
not public becomes static.
"""
import os
import re
import sys

SRC = os.path.dirname(os.path.abspath(__file__))
INCLUDE = f'{os.path.dirname(SRC)}/include'

# Public headers of the core that avow.h leaves to the program.
MORE = ['avow/log.h', 'avow/closure.h', 'avow/stackless.h',
        'avow/stream_class.h', 'avow/auto.h']

# Symbols of inline functions, for bindings that load a library, and what needs
# an argument of the compiler.
LEFT_OUT = {'value/inline_symbols.c', 'base/backtrace.c'}

# Files that define async functions.
ASYNC = (r'^fiber/(?!exceptions).*\.c$|^engine/(async|await_typed)\.c$'
         r'|^flow/local\.c$')

# Files for some builds: a pattern of their names, and the condition.
CONDITIONS = [
    (r'_(posix|mapped)\.c$|fiber/(overflow|shadow|stack|switch)\.c$',
     '!defined(_WIN32)'),
    (r'_(by_path|windows)\.c$', 'defined(_WIN32)'),
    (ASYNC, '!defined(AVOW_NO_ASYNC)'),
    (r'^engine/probes\.c$', 'defined(AVOW_TRACE)'),
    (r'_x86_64\.S$', 'defined(AVOW_SWITCH_ASM) && defined(__x86_64__)'),
    (r'_aarch64\.S$', 'defined(AVOW_SWITCH_ASM) && defined(__aarch64__)'),
]

# Matches the beginning of a declaration or definition at the left margin.
PRIVATE = re.compile(
    r'^(?:extern AVOW__HIDDEN |extern )?'
    r'(?!static|typedef|return|else|extern|_Static|(?:struct|union) \w+ ?[{;])'
    r'([A-Za-z_][\w *]*?\(?\*?\b(avow__\w+)[\[(); ])', re.M)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def version():
    return re.search(r'define AVOW_VERSION +"(.*)"',
                     read(f'{INCLUDE}/avow/config.h'))[1]


def layers(whole):
    core = re.search(r"layers = \[(.*?)\]", read(f'{SRC}/meson.build'), re.S)
    parts = re.search(r'all_parts = \[(.*?)\]',
                      read(f'{os.path.dirname(SRC)}/meson.build'), re.S)
    return re.findall(r"'(\w+)'", core[1] + (parts[1] if whole else ''))


def own_includes(text):
    return re.findall(r'^\s*#\s*include "([\w/]+\.h)"', text, re.M)


def body_of(path):
    """The text without the license, includes of headers that come before it,
    symbols of inline functions, and the macros that select functions of the
    system, which stand at the top."""
    text = re.sub(r'\A/\* SPDX.*\n', '', read(path))
    text = re.sub(r'^#\s*include "[\w/]+\.h"\n', '', text, flags=re.M)
    text = re.sub(r'^#define AVOW_INLINE AVOW_API inline\n|^extern inline [^;]*;\n',
                  '', text, flags=re.M)
    return re.sub(r'^(/\* NOLINTNEXTLINE.* the system.s name \*/\n)?'
                  r'#\s*define _\w+_SOURCE .*\n', '', text, flags=re.M)


def needed(names, folder):
    """The headers of the folder that the names include, in order."""
    order = []

    def visit(name):
        if name not in order and os.path.exists(f'{folder}/{name}'):
            for other in own_includes(read(f'{folder}/{name}')):
                visit(other)
            order.append(name)

    for name in names:
        visit(name)
    return order


def macros_of(text):
    names = dict.fromkeys(re.findall(r'^\s*#\s*define (\w+)', text, re.M))
    return ''.join(f'#undef {name}\n' for name in names)


def file_of(name):
    text = body_of(f'{SRC}/{name}')
    if name.endswith('.S'):
        text = assembly(text)
    text = f'\n/* {name} */\n\n{text}{macros_of(text)}'
    for pattern, condition in CONDITIONS:
        if re.search(pattern, name):
            text = f'\n#if {condition}\n{text}\n#endif /* {condition} */\n'
    return text


def assembly(text):
    """The lines as arguments of __asm__(), in which macros are replaced."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    text = text.replace('\\\n', ' ')
    lines = [line if line.startswith('#') or not line.strip()
             else f'  AVOW__ASM({line.strip()})' for line in text.split('\n')]
    first = next(i for i, line in enumerate(lines) if 'AVOW__ASM' in line)
    return '\n'.join(lines[:first] + ['__asm__('] + lines[first:] + [');', ''])


def scoped(text, assembly_names, async_names):
    """Replaces the linkage of each private function and variable."""
    def private(match):
        scope = 'AVOW__PRIVATE'
        if match[2] in assembly_names:
            scope = 'AVOW__HIDDEN'
        elif match[2] in async_names:
            scope = 'AVOW__PRIVATE_ASYNC'
        return f'{scope} {match[1]}'
    return PRIVATE.sub(private, text)


def sources(folders):
    for folder in folders:
        for name in sorted(os.listdir(f'{SRC}/{folder}')):
            if name.endswith(('.c', '.S')) and f'{folder}/{name}' not in LEFT_OUT:
                yield f'{folder}/{name}'


def header(whole):
    text = ''
    top = 'avow/all.h' if whole else 'avow.h'
    for name in needed([top, *MORE], INCLUDE):
        part = body_of(f'{INCLUDE}/{name}')
        if name == 'avow/auto.h':
            part = f'#ifdef __GNUC__\n{part}#endif\n'
        text += f'\n/* {name} */\n\n{part}'
    return text


def program(whole):
    files = list(sources(layers(whole)))
    headers = needed([h for f in files for h in own_includes(read(f'{SRC}/{f}'))],
                     SRC)
    text = ''.join(f'\n/* {name} */\n\n{body_of(f"{SRC}/{name}")}'
                   for name in headers)
    text += ''.join(file_of(name) for name in files)
    texts = {name: read(f'{SRC}/{name}') for name in files}
    return scoped(
        text,
        {name for file, part in texts.items() if file.endswith('.S')
         for name in re.findall(r'\bavow__\w+', part)},
        {match[2] for file, part in texts.items() if re.search(ASYNC, file)
         for match in PRIVATE.finditer(part)})


def main(out):
    os.makedirs(out, exist_ok=True)
    top = read(f'{SRC}/onefile.h').replace('@VERSION@', version())
    for name, whole in (('avow', False), ('avow-all', True)):
        with open(f'{out}/{name}.h', 'w', encoding='utf-8') as file:
            file.write('/* SPDX-License-Identifier: MIT */\n'
                       f'/* avow {version()}, in one file. See {name}.c. */\n')
            file.write(header(whole))
        with open(f'{out}/{name}.c', 'w', encoding='utf-8') as file:
            file.write(top.replace('@NAME@', name) + program(whole))


main(*sys.argv[1:])
