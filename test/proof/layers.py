#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each layer of src/ uses only the layers below it.

    layers.py ROOT LIBRARY [FOLDER=LIBRARY...]

nm reads the calls between files from the static libraries. The layers, from
the lowest to the highest, are the folders that src/meson.build names. The
simulator, src/sim, may use all layers. The simulator and src/adapters/NAME are
libraries of their own. The last arguments name them, such as
sim=libavow_sim.a. The script fails if

* a file includes or uses a file of a layer above its own,
* a header declares a function of another file: src/F/X.h may declare functions
  of src/F/X.c, src/F/X_posix.c and the like,
* more than five files form a circle of calls or of includes, where X.h and X.c
  count as one file,
* two headers have the same include guard,
* a file outside the engine uses the structure of a promise,
* two files have static functions with the same name, because debuggers and
  searches do not tell these apart.
"""
import collections
import functools
import glob
import os
import re
import subprocess
import sys

LARGEST_CIRCLE = 5

# The folder of another library, above all layers.
SIMULATOR = 'sim'

# Tables name functions or data, but do not call them.
TABLES = {'engine/kinds', 'sim/link_anchors'}

# Macros that only some builds define.
SPECIAL = {'AVOW_TRACE', 'AVOW_CHECK'}

# Matches types, a name, parameters, and the character after these.
FUNCTION = re.compile(
    r'^(?!static|typedef|return|else)[A-Za-z_][\w *]*?\b((?:avow|sim)_\w+)'
    r'\((?:[^(){};]|\((?:[^()]|\([^()]*\))*\))*\)'
    r'\s*(?:AVOW_PRINTF\(\w+, \w+\))?\s*([;{])', re.M)

# Headers with the structure of a promise, and files that may include them
# because they have kinds of promises.
BLOCK = {'engine/block.h', 'engine/settle.h'}
INSIDERS = {'channel/inside.h', 'uv/handle.c', 'sim/cancel_await.c', 'sim/run.c',
            'tools/limit.c', 'tools/tool.c', 'trace/trace.c'}


def layers_of(root):
    with open(f'{root}/src/meson.build') as file:
        core = re.search(r'layers = \[(.*?)\]', file.read(), re.S)
    return re.findall(r"'(\w+)'", core.group(1)) + parts_of(root) + [SIMULATOR]


def parts_of(root):
    with open(f'{root}/meson.build') as file:
        names = re.search(r'all_parts = \[(.*?)\]', file.read(), re.S)
    return re.findall(r"'(\w+)'", names.group(1))


def adapters_of(root):
    return sorted(f'adapters/{name}' for name in os.listdir(f'{root}/src/adapters')
                  if os.path.isdir(f'{root}/src/adapters/{name}'))


def sources(root, layers):
    for layer in layers:
        for name in sorted(os.listdir(f'{root}/src/{layer}')):
            if name.endswith(('.c', '.h')):
                yield f'{layer}/{name}'


def includes(root, layers):
    for name in sources(root, layers):
        with open(f'{root}/src/{name}') as file:
            for other in re.findall(r'#\s*include "(\w+/\w+\.h)"', file.read()):
                if other.split('/')[0] in layers:
                    yield name, other


def of_each_build(text):
    """Yield the lines without code for traces and for checks of invariants,
    which read the structures of all files."""
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


def needs(root, folders):
    """Yield which file of the folders includes the header of which other file.
    An adapter includes its own headers without a folder."""
    for name in sources(root, folders):
        folder = os.path.dirname(name)
        with open(f'{root}/src/{name}') as file:
            text = '\n'.join(of_each_build(file.read()))
        for place, other in re.findall(r'#\s*include "(\w+/)?(\w+)\.h"', text):
            other = f'{place[:-1] or folder}/{other}'
            if os.path.dirname(other) in folders and other != name[:-2]:
                yield name[:-2], other, 'its header'


def functions(text):
    """Yield the functions of the project that a text defines or declares: the
    name, and whether it is a definition."""
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    text = re.sub(r'^\s*#(.*\\\n)*.*$', '', text, flags=re.M)
    for name, end in re.findall(FUNCTION, text):
        yield name, end == '{'


def definitions(root):
    """Map each function to the files, as layer/name, that define it."""
    files = collections.defaultdict(set)
    for path in glob.glob(f'{root}/src/**/*.[cS]', recursive=True):
        name = os.path.relpath(path, f'{root}/src')[:-2]
        with open(path) as file:
            text = file.read()
        found = re.findall(r'\.globl\s+SYMBOL\((\w+)\)', text) if path.endswith('.S') \
            else [symbol for symbol, defined in functions(text) if defined]
        for symbol in found:
            files[symbol].add(name)
    return files


def strangers(root, folders):
    """Yield functions that a header declares and none of its files defines."""
    files = definitions(root)
    for name in sources(root, folders):
        if not name.endswith('.h'):
            continue
        with open(f'{root}/src/{name}') as file:
            for symbol, defined in functions(file.read()):
                owners = files[symbol]
                if not defined and \
                        not any(o.startswith(name[:-2]) for o in owners):
                    yield (name, symbol,
                           ' and '.join(sorted(owners)) or 'no file')


@functools.cache
def told_by_nm(*paths):
    return subprocess.run(['nm', *paths], capture_output=True, text=True,
                          check=True).stdout.split('\n\n')


def objects(library, folder):
    """Return nm's output for a folder's objects, and a pattern of their names.
    The simulator's library also has objects of libavow with the same names.
    Therefore nm reads the simulator's objects beside its library."""
    if folder == SIMULATOR:
        return told_by_nm(*sorted(glob.glob(f'{library}.p/*'))), r'(\w+)\.c\.'
    return told_by_nm(library), rf'{os.path.basename(folder)}_(\w+)\.[cS]\.'


def members(library, folders):
    """Yield each object of the library, as folder/name, with its symbols."""
    for folder in folders:
        told, pattern = objects(library, folder)
        for part in told:
            head, *symbols = part.strip().split('\n')
            name = re.match(pattern, os.path.basename(head))
            if name:
                yield f'{folder}/{name[1]}', [s.split()[-2:] for s in symbols]


def links(library, folders):
    has, wants = {}, collections.defaultdict(set)
    for name, symbols in members(library, folders):
        for kind, symbol in symbols:
            if kind == 'U':
                wants[name].add(symbol)
            elif kind in 'TDBRVWC':
                has[symbol] = name
    if not has:
        sys.exit(f'{library} has no object of {" ".join(folders)}')
    for name in sorted(wants):
        for symbol in sorted(wants[name]):
            if has.get(symbol, name) != name:
                yield name, has[symbol], symbol


def namesakes(library, folders):
    owners = collections.defaultdict(set)
    for name, symbols in members(library, folders):
        for kind, symbol in symbols:
            if kind == 't' and re.match('[a-z]', symbol) and \
                    not re.match('avow_|sim_', symbol): # nor inline ones
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
    """Map each include guard to its headers. With the same guard, the compiler
    would skip one of the headers."""
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


def faults_of_calls(library, folders):
    """Yield the faults of a library other than calls to layers above."""
    for symbol, names in sorted(namesakes(library, folders).items()):
        yield f'{symbol}() is in {" and ".join(sorted(names))}'
    yield from faults_of_circles('calls', (
        edge for edge in links(library, folders) if edge[0] not in TABLES))


def faults_of_circles(how, edges):
    for circle in sorted(circles(edges), key=sorted):
        print(f'a circle of {how}:', *sorted(circle))
        if len(circle) > LARGEST_CIRCLE:
            yield (f'a circle has {len(circle)} files; at most '
                   f'{LARGEST_CIRCLE} are allowed')


def faults(root, library, apart):
    layers = layers_of(root)
    folders = layers + adapters_of(root)
    height = {layer: i for i, layer in enumerate(layers)}
    parts = parts_of(root)

    def rises(one, other):
        here, there = one.split('/')[0], other.split('/')[0]
        return height[here] < height[there] or \
            here != there and here in parts and there in parts

    for name, other in includes(root, layers):
        if rises(name, other):
            yield f'{name} includes {other}, from a layer above'
        if other in BLOCK and not (
                name.startswith('engine/') or name in INSIDERS):
            yield f'{name} includes {other}; outside the engine, use promise.h'
    for guard, names in sorted(guards(root).items()):
        if len(names) > 1:
            yield f'{" and ".join(sorted(names))} have the guard {guard}'
    for header, symbol, owners in strangers(root, folders):
        yield f'{header} declares {symbol}() of {owners}'
    library_layers = [layer for layer in layers if layer != SIMULATOR]
    for name, other, symbol in links(library, library_layers):
        if rises(name, other):
            yield f'{name} uses {symbol} of {other}, from a layer above'
    yield from faults_of_calls(library, library_layers)
    for folder, own in apart.items():
        yield from faults_of_calls(own, [folder])
    yield from faults_of_circles('includes', needs(root, folders))


def main(root, library, *apart):
    found = list(faults(root, library, dict(a.split('=') for a in apart)))
    for fault in found:
        print(fault)
    return len(found) > 0


sys.exit(main(*sys.argv[1:]))
