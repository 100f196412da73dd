#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is src/ a house, each floor of which stands on those below it?

    floors.py ROOT LIBRARY    the static library, of which nm tells who calls whom

The floors, from the ground up, are the folders that src/meson.build names, and
src/sim, a library of its own, of which only what it includes is looked at. It
fails where a file includes or uses what is on a floor above its own, where more
than five files call each other in a circle, where two headers have one include
guard, where somebody else than the engine looks into a promise, and where two
files have static functions of one name: in a debugger, and in a search, that is
one place.
"""
import collections
import os
import re
import subprocess
import sys

KNOT = 5

# A library of its own, on top of all others.
ATTIC = 'sim'

# A table that names functions calls none of them.
TABLES = {'engine/kinds'}

# What promises are made of, and who has kinds of promises of its own.
BODY = {'engine/block.h', 'engine/settle.h'}
INSIDERS = {'channel/inside.h', 'uv/handle.c', 'sim/cancel.c', 'sim/run.c',
            'tools/limit.c', 'tools/tool.c'}


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
    edges = list(links(library, floors))
    for name, other, symbol in edges:
        if rises(name, other):
            yield f'{name} uses {symbol} of {other}, from a floor above'
    calls = [edge for edge in edges if edge[0] not in TABLES]
    for circle in sorted(circles(calls), key=sorted):
        print('in a circle:', *sorted(circle))
        if len(circle) > KNOT:
            yield f'{len(circle)} files in one circle are more than {KNOT}'


def main(root, library):
    found = list(faults(root, library))
    for fault in found:
        print(fault)
    return len(found) > 0


sys.exit(main(*sys.argv[1:]))
