#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that recursion in avow has a bound, with the call graph of gcc.

  recursion.py SOURCE-ROOT CC [FLAG...]

An indirect call may reach each function that an initializer assigns to a member
of that name, or that avow_on_cancel() gives to a promise. The file
recursion.txt lists other indirect calls, calls that leave avow, and calls that
do not nest. It also lists the remaining cycles with their bounds. The script
fails if an entry is missing or not needed.
"""
import collections
import functools
import os
import re
import subprocess
import sys
import tempfile

WORDS = ('calls', 'cut', 'leaves', 'cycle')


# Libraries that adapters need and that may not be installed.
FOREIGN = {'curl': 'libcurl', 'nats': 'libnats', 'tls': 'openssl'}


@functools.cache
def has_adapter(folder):
    return subprocess.run(['pkg-config', '--exists', FOREIGN[folder]],
                          check=False).returncode == 0


def is_there(name):
    """Tell whether the function of a row, without "?", must be compiled."""
    folder, slash, _ = name.partition('/')
    return not slash or name.endswith('?') or has_adapter(folder)


def is_asked(where):
    """Tell whether to compile a folder: not the simulator, and only adapters
    whose library is installed."""
    above, folder = where.split('/')[-2:]
    return has_adapter(folder) if above == 'adapters' else folder != 'sim'


def read_table(path):
    """Map the first word of each line to its names and their reason."""
    table = {word: {} for word in WORDS}
    for line in open(path):
        if line.startswith('#') or not line.strip():
            continue
        names, colon, reason = line.partition(': ')
        word, *names = names.split()
        if word not in WORDS or not names or not reason.strip():
            sys.exit(f'{path}: invalid line: {line}')
        if all(is_there(name) for name in names):
            table[word][tuple(names)] = reason.strip()
    return table


def is_same(row, part):
    """Tell whether a row describes the cycle; names with "?" may be missing."""
    return (set(part) <= {name.rstrip('?') for name in row} and
            set(part) >= {name for name in row if not name.endswith('?')})


def sources(root):
    return [os.path.join(where, name)
            for where, _, names in os.walk(f'{root}/src')
            if any(name.endswith('.c') for name in names) and is_asked(where)
            for name in names if name.endswith('.c')]


def compile_all(root, cc, where):
    """Make gcc write the call graph of each source to the directory."""
    names = sorted(path for path in sources(root) if 'windows' not in path)
    os.environ['CCACHE_DISABLE'] = '1'  # ccache does not store call graphs
    for number, name in enumerate(names):  # names may occur twice
        subprocess.run(cc + ['-fcallgraph-info', '-O0', '-DNDEBUG', '-w',
                             '-DAVOW_BUILDING', '-I', f'{root}/include',
                             '-I', f'{root}/src', '-c', name,
                             '-o', f'{where}/{number}.o'],
                       check=True)


def base(path):
    """Return the name of a source, with its folder if it is an adapter's."""
    above, folder, name = path.split('/')[-3:]
    return f'{folder}/{name[:-2]}' if above == 'adapters' else name[:-2]


def plain(title):
    """Return a function's name, with that of its file if it is static."""
    path, colon, name = title.rpartition(':')
    if not colon or name.startswith('avow_'):
        return name
    return f'{base(path)}:{name}'


def read_graphs(where):
    """Return the callees of each function, and its places of indirect calls."""
    calls, indirect = collections.defaultdict(set), collections.defaultdict(set)
    edge = re.compile(r'edge: { sourcename: "([^"]*)" targetname: "([^"]*)"'
                      r' label: "([^"]*):(\d+):\d+"')
    for name in os.listdir(where):
        if not name.endswith('.ci'):
            continue
        for line in open(f'{where}/{name}'):
            found = edge.match(line)
            if not found:
                continue
            caller, callee, path, number = found.groups()
            if callee == '__indirect_call':
                indirect[plain(caller)].add((path, int(number)))
            else:
                calls[plain(caller)].add(plain(callee))
    return calls, indirect


def read_tables_of_functions(root, known):
    """Map names of members and arrays to the functions that they may hold."""
    held = collections.defaultdict(set)

    def add(member, path, function):
        for name in (f'{base(path)}:{function}', function):
            if name in known:
                held[member].add(name)

    for path in sources(root):
        text = open(path).read()
        for member, function in re.findall(
                r'(?:\.|->)(\w+) =\s*(\w+)\s*[,;}]', text):
            add(member, path, function)
        for function in re.findall(
                r'avow_on_cancel\([^,;]*,\s*(\w+),', text):
            add('on_cancel', path, function)
        for array, body in re.findall(
                r'\(\*const (\w+)\[\]\)\([^)]*\) = {(.*?)};', text, re.S):
            for function in re.findall(r'= (\w+)', body):
                add(array, path, function)
    return held


def resolve(calls, indirect, held, table):
    """Add the indirect calls. Return complaints about unknown callees."""
    unknown = []
    by_hand = {names[0]: set(names[1:]) for names in table['calls']}
    for caller, called in by_hand.items():
        calls[caller] |= called
    for caller, places in indirect.items():
        if (caller,) in table['leaves']:
            continue
        for path, number in places:
            line = open(path).read().split('\n')[number - 1]
            names = re.findall(r'(\w+)(?:\[[^]]*\])?\(', line)
            reached = set().union(*(held.get(name, set()) for name in names))
            calls[caller] |= reached
            if not reached and caller not in by_hand:
                unknown.append(f'{caller} calls an unknown function: '
                               f'{line.strip()}')
    return unknown


def cycles(calls):
    """Return the strongly connected parts that contain a call (Tarjan)."""
    index, low, stack, found = {}, {}, [], []
    for root in sorted(calls):
        work = [] if root in index else [(root, None)]
        while work:
            node, rest = work.pop()
            if rest is None:
                index[node] = low[node] = len(index)
                stack.append(node)
                rest = iter(sorted(calls.get(node, ())))
            for callee in rest:
                if callee not in index:
                    work += [(node, rest), (callee, None)]
                    break
                if callee in stack:
                    low[node] = min(low[node], low[callee])
            else:
                if low[node] == index[node]:
                    at = stack.index(node)
                    part, stack[at:] = stack[at:], []
                    if len(part) > 1 or node in calls.get(node, ()):
                        found.append(tuple(sorted(part)))
                if work:
                    parent = work[-1][0]
                    low[parent] = min(low[parent], low[node])
    return found


def main(root, *cc):
    path = f'{root}/test/proof/recursion.txt'
    table = read_table(path)
    with tempfile.TemporaryDirectory() as where:
        compile_all(root, list(cc), where)
        calls, indirect = read_graphs(where)
    known = set(calls) | {f for called in calls.values() for f in called}
    held = read_tables_of_functions(root, known | set(indirect))
    wrong = resolve(calls, indirect, held, table)
    for caller, callee in table['cut']:
        if callee not in calls.get(caller, ()):
            wrong.append(f'{caller} does not call {callee}')
        calls[caller].discard(callee)
    found = cycles(calls)
    wrong += [f'no bound for the cycle {" ".join(part)}' for part in found
              if not any(is_same(row, part) for row in table['cycle'])]
    wrong += [f'no such cycle: {" ".join(row)}' for row in table['cycle']
              if not any(is_same(row, part) for part in found)]
    wrong += [f'{name} calls nothing indirectly'
              for name, in table['leaves'] if name not in indirect]
    if wrong:
        sys.exit('\n'.join(wrong) + f'\nsee {path}')
    print(f'{len(calls)} functions, {len(found)} cycles, all with a bound')


if len(sys.argv) < 3:
    sys.exit('usage: recursion.py SOURCE-ROOT CC [FLAG...]')
main(*sys.argv[1:])
