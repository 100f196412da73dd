#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Does avow recurse? Lists the cycles of its call graph, which gcc writes down.

  recursion.py SOURCE-ROOT CC [FLAG...]

An indirect call may reach each function that an initializer gives to the member
of that name, or avow_on_cancel() to a promise. recursion.txt says what else is
called, which calls leave avow, which do not nest, and which cycles remain, each
with its bound. Fails at what is missing there, and at what is there in vain.
"""
import collections
import functools
import os
import re
import subprocess
import sys
import tempfile

WORDS = ('calls', 'cut', 'leaves', 'cycle')


# What adapters are made from, and may not be here.
FOREIGN = {'curl': 'libcurl', 'nats': 'libnats', 'tls': 'openssl'}


@functools.cache
def has_adapter(folder):
    return subprocess.run(['pkg-config', '--exists', FOREIGN[folder]],
                          check=False).returncode == 0


def is_there(name):
    """Is a function of a row compiled here? One with a question mark need not."""
    folder, slash, _ = name.partition('/')
    return not slash or name.endswith('?') or has_adapter(folder)


def is_asked(where):
    """The library has nothing of the simulator's; adapters call it."""
    above, folder = where.split('/')[-2:]
    return has_adapter(folder) if above == 'adapters' else folder != 'sim'


def read_table(path):
    """The lines of recursion.txt, by their first word: names to a reason."""
    table = {word: {} for word in WORDS}
    for line in open(path):
        if line.startswith('#') or not line.strip():
            continue
        names, colon, reason = line.partition(': ')
        word, *names = names.split()
        if word not in WORDS or not names or not reason.strip():
            sys.exit(f'{path}: what is this? {line}')
        if all(is_there(name) for name in names):
            table[word][tuple(names)] = reason.strip()
    return table


def is_same(row, part):
    """Is that the cycle of a row, without some of what may be missing?"""
    return (set(part) <= {name.rstrip('?') for name in row} and
            set(part) >= {name for name in row if not name.endswith('?')})


def sources(root):
    return [os.path.join(where, name)
            for where, _, names in os.walk(f'{root}/src')
            if any(name.endswith('.c') for name in names) and is_asked(where)
            for name in names if name.endswith('.c')]


def compile_all(root, cc, where):
    """Has gcc write the call graph of each source into the directory."""
    names = sorted(path for path in sources(root) if 'windows' not in path)
    os.environ['CCACHE_DISABLE'] = '1'  # it would not keep what gcc writes
    for number, name in enumerate(names):  # some are named alike
        subprocess.run(cc + ['-fcallgraph-info', '-O0', '-DNDEBUG', '-w',
                             '-DAVOW_BUILDING', '-I', f'{root}/include',
                             '-I', f'{root}/src', '-c', name,
                             '-o', f'{where}/{number}.o'],
                       check=True)


def base(path):
    """A source by its name; an adapter's, as others have it too, in its folder."""
    above, folder, name = path.split('/')[-3:]
    return f'{folder}/{name[:-2]}' if above == 'adapters' else name[:-2]


def plain(title):
    """A function by its name; a static one after that of its file."""
    path, colon, name = title.rpartition(':')
    if not colon or name.startswith('avow_'):
        return name
    return f'{base(path)}:{name}'


def read_graphs(where):
    """Who calls whom, and where who calls what is not named there."""
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
    """Which functions a member, or an array, of that name may hold."""
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
    """Adds the indirect calls. What calls nothing known has to leave avow."""
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
                unknown.append(f'{caller} calls what is not known: '
                               f'{line.strip()}')
    return unknown


def cycles(calls):
    """The strongly connected parts with a call in them (Tarjan)."""
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
    wrong += [f'a cycle without a bound: {" ".join(part)}' for part in found
              if not any(is_same(row, part) for row in table['cycle'])]
    wrong += [f'no such cycle: {" ".join(row)}' for row in table['cycle']
              if not any(is_same(row, part) for part in found)]
    wrong += [f'{name} calls nothing indirectly'
              for name, in table['leaves'] if name not in indirect]
    if wrong:
        sys.exit('\n'.join(wrong) + f'\nsee {path}')
    print(f'{len(calls)} functions, {len(found)} cycles, each with its bound')


if len(sys.argv) < 3:
    sys.exit('usage: recursion.py SOURCE-ROOT CC [FLAG...]')
main(*sys.argv[1:])
