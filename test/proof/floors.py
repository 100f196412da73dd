#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is src/ a house, each floor of which stands on those below it?

    floors.py ROOT LIBRARY    the static library, of which nm tells who calls whom

The floors, from the ground up, are the folders that src/meson.build names, and
src/sim, a library of its own, of which only what it includes is looked at. It
fails where

* a file includes or uses what is on a floor above its own,
* a header declares a function that another file defines: src/F/X.h is the face
  of src/F/X.c, and of src/F/X_posix.c and its like,
* more than five files need each other in a circle, by calls or by what they
  include, where X.h and X.c are one,
* two headers have one include guard,
* somebody else than the engine looks into a promise,
* two files have static functions of one name: in a debugger, and in a search,
  that is one place.
"""
import collections
import glob
import os
import re
import subprocess
import sys

KNOT = 5

# A library of its own, on top of all others.
ATTIC = 'sim'

# A table that names functions calls none of them.
TABLES = {'engine/kinds'}

# What only some builds have.
SPECIAL = {'AVOW_TRACE', 'AVOW_CHECK'}

# From the start of a line: types, a name, parameters, and what follows them.
FUNCTION = re.compile(
    r'^(?!static|typedef|return|else)[A-Za-z_][\w *]*?\b(avow_\w+)'
    r'\((?:[^(){};]|\((?:[^()]|\([^()]*\))*\))*\)\s*([;{])', re.M)

# What promises are made of, and who has kinds of promises of its own.
BODY = {'engine/block.h', 'engine/settle.h'}
INSIDERS = {'channel/inside.h', 'uv/handle.c', 'sim/cancel.c', 'sim/run.c',
            'tools/limit.c', 'tools/tool.c', 'trace/trace.c'}


def floors_of(root):
    with open(f'{root}/src/meson.build') as file:
        core = re.search(r'floors = \[(.*?)\]', file.read(), re.S)
    return re.findall(r"'(\w+)'", core.group(1)) + parts_of(root) + [ATTIC]


def parts_of(root):
    with open(f'{root}/meson.build') as file:
        names = re.search(r'all_parts = \[(.*?)\]', file.read(), re.S)
    return re.findall(r"'(\w+)'", names.group(1))


def sources(root, floors):
    for floor in floors:
        for name in sorted(os.listdir(f'{root}/src/{floor}')):
            if name.endswith(('.c', '.h')):
                yield f'{floor}/{name}'


def includes(root, floors):
    for name in sources(root, floors):
        with open(f'{root}/src/{name}') as file:
            for other in re.findall(r'#\s*include "(\w+/\w+\.h)"', file.read()):
                if other.split('/')[0] in floors:
                    yield name, other


def of_each_build(text):
    """Without what only builds have that write traces, or check themselves:
    that looks at all there is."""
    inside = []
    for line in text.split('\n'):
        word = re.match(r'\s*#\s*(if\w*|el\w+|endif)\s*(\w*)', line)
        if word and word[1].startswith('if'):
            inside.append(word[0].split()[-1] in SPECIAL)
        elif word and word[1] == 'endif':
            inside.pop()
        elif word:
            inside[-1] = False
        elif not any(inside):
            yield line


def needs(root, floors):
    """Which files of these floors include the headers of which others."""
    for name in sources(root, floors):
        if name.startswith(f'{ATTIC}/'):
            continue
        with open(f'{root}/src/{name}') as file:
            text = '\n'.join(of_each_build(file.read()))
        for other in re.findall(r'#\s*include "(\w+/\w+)\.h"', text):
            if other.split('/')[0] in floors and other != name[:-2]:
                yield name[:-2], other, 'its header'


def functions(text):
    """The functions with a name of the project that a source defines or
    declares: which of both, and the name."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    text = re.sub(r'^\s*#(.*\\\n)*.*$', '', text, flags=re.M)
    for name, end in re.findall(FUNCTION, text):
        yield name, end == '{'


def definitions(root):
    """The files, as floor/name, that define each function."""
    files = collections.defaultdict(set)
    for path in glob.glob(f'{root}/src/*/*.[cS]'):
        name = os.path.relpath(path, f'{root}/src')[:-2]
        with open(path) as file:
            text = file.read()
        found = re.findall(r'\.globl\s+(\w+)', text) if path.endswith('.S') \
            else [symbol for symbol, defined in functions(text) if defined]
        for symbol in found:
            files[symbol].add(name)
    return files


def strangers(root, floors):
    """What a header declares that none of its own files defines."""
    files = definitions(root)
    for name in sources(root, floors):
        if not name.endswith('.h') or name.startswith(f'{ATTIC}/'):
            continue
        with open(f'{root}/src/{name}') as file:
            for symbol, defined in functions(file.read()):
                owners = files[symbol]
                if not defined and \
                        not any(o.startswith(name[:-2]) for o in owners):
                    yield name, symbol, ' and '.join(sorted(owners)) or 'nobody'


def members(library, floors):
    """Each object of the library, as floor/name, and what it has and wants."""
    told = subprocess.run(['nm', library], capture_output=True, text=True,
                          check=True).stdout
    for part in told.split('\n\n'):
        head, *symbols = part.strip().split('\n')
        name = re.match(rf'({"|".join(floors)})_(\w+)\.[cS]\.', head)
        if name:
            yield '/'.join(name.groups()), [s.split()[-2:] for s in symbols]


def links(library, floors):
    has, wants = {}, collections.defaultdict(set)
    for name, symbols in members(library, floors):
        for kind, symbol in symbols:
            if kind == 'U':
                wants[name].add(symbol)
            elif kind in 'TDBRVWC':
                has[symbol] = name
    if not has:
        sys.exit(f'{library} has no object of {" ".join(floors)}')
    for name in sorted(wants):
        for symbol in sorted(wants[name]):
            if has.get(symbol, name) != name:
                yield name, has[symbol], symbol


def namesakes(library, floors):
    owners = collections.defaultdict(set)
    for name, symbols in members(library, floors):
        for kind, symbol in symbols:
            if kind == 't' and re.match('[a-z]', symbol) and \
                    not symbol.startswith('avow_'): # nor what headers define
                owners[symbol.split('.')[0]].add(name)
    return {symbol: names for symbol, names in owners.items() if len(names) > 1}


def reach(graph, start):
    seen, work = set(), [start]
    while work:
        for other in graph[work.pop()] - seen:
            seen.add(other)
            work.append(other)
    return seen


def circles(edges):
    graph = collections.defaultdict(set)
    for caller, callee, _ in edges:
        graph[caller].add(callee)
    reached = {name: reach(graph, name) for name in list(graph)}
    return {frozenset(other for other in seen if name in reached.get(other, ()))
            for name, seen in reached.items() if name in seen}


def guards(root):
    """The headers that have one include guard: of two, one is read as empty."""
    owners = collections.defaultdict(set)
    for top in ('include', 'src'):
        for folder, _, names in os.walk(f'{root}/{top}'):
            for name in names:
                path = os.path.join(folder, name)
                if name.endswith('.h'):
                    with open(path) as file:
                        guard = re.search(r'^#ifndef (\w+_H)$', file.read(), re.M)
                    if guard:
                        owners[guard[1]].add(os.path.relpath(path, root))
    return owners


def faults(root, library):
    floors = floors_of(root)
    height = {floor: i for i, floor in enumerate(floors)}
    parts = parts_of(root)

    def rises(one, other):
        here, there = one.split('/')[0], other.split('/')[0]
        return height[here] < height[there] or \
            here != there and here in parts and there in parts

    for name, other in includes(root, floors):
        if rises(name, other):
            yield f'{name} includes {other}, from a floor above'
        if other in BODY and not (
                name.startswith('engine/') or name in INSIDERS):
            yield f'{name} includes {other}: promise.h is for all but the engine'
    for symbol, names in sorted(namesakes(library, floors).items()):
        yield f'{symbol}() is in {" and ".join(sorted(names))}'
    for guard, names in sorted(guards(root).items()):
        if len(names) > 1:
            yield f'{" and ".join(sorted(names))} have the guard {guard}'
    for header, symbol, owners in strangers(root, floors):
        yield f'{header} declares {symbol}() of {owners}'
    edges = list(links(library, floors))
    for name, other, symbol in edges:
        if rises(name, other):
            yield f'{name} uses {symbol} of {other}, from a floor above'
    calls = [edge for edge in edges if edge[0] not in TABLES]
    for how, found in (('calls', calls), ('includes', needs(root, floors))):
        for circle in sorted(circles(found), key=sorted):
            print(f'in a circle by {how}:', *sorted(circle))
            if len(circle) > KNOT:
                yield f'{len(circle)} files in one circle are more than {KNOT}'


def main(root, library):
    found = list(faults(root, library))
    for fault in found:
        print(fault)
    return len(found) > 0


sys.exit(main(*sys.argv[1:]))
