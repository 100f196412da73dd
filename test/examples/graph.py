#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that docs/graph.svg shows what examples/graph prints, and draw it again.

  graph.py SOURCE-ROOT KIND PROGRAM

The picture must have the promises of the program and the same number of arrows.
Only a build of the KIND "traced" prints where and when promises were made. In
each build, the source lines that the picture names must make these promises.
"""
import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as tree

sys.path.insert(0, os.path.join(sys.argv[1], 'docs'))
sys.dont_write_bytecode = True
import graph as picture  # noqa: E402

SVG = '{http://www.w3.org/2000/svg}'
MAKES = {'deferred': 'avow_promise_new', 'until': 'avow_timeout'}
INSIDE = {'avow_sleep': 'avow_timeout'}  # avow_timeout() calls it


def drawn(path):
    """Return the lines of each promise, and the number of arrows."""
    root = tree.parse(path).getroot()
    promises = []
    for text in root.findall(f'{SVG}text'):
        if text.get('class') == 'name':
            promises.append([])
        promises[-1].append(text.text)
    return promises, len(root.findall(f'{SVG}path[@class="edge"]'))


def printed(program):
    text = subprocess.run([program], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    text = picture.placed(text)
    labels = re.findall(r'label="(.*)"\];', text)
    promises = [label.split('\\n')[:-1] for label in labels]
    return text, promises, text.count(' -> ')


def known(promises, traced):
    """Return the lines about the promises that this kind of build prints."""
    return collections.Counter(tuple(lines if traced else lines[:2])
                               for lines in promises)


def misplaced(root, promises):
    with open(os.path.join(root, 'examples', 'graph.c'), encoding='utf-8') as file:
        source = file.read().split('\n')
    for lines in promises:
        kind = lines[0].split(' ')[0]
        for what, line in re.findall(r'(\w+) at graph\.c:(\d+)', '\n'.join(lines)):
            call = MAKES.get(kind, f'avow_{kind}') if what == 'made' else 'avow_await'
            if not any(f'{name}(' in source[int(line) - 1]
                       for name in (call, INSIDE.get(call, call))):
                yield f'no {call}() is at line {line} of examples/graph.c'


def differences(graph, path, traced):
    promises, arrows = graph
    of_picture, of_it = drawn(path)
    for lines in known(promises, traced) - known(of_picture, traced):
        yield f'{path} lacks {lines}'
    for lines in known(of_picture, traced) - known(promises, traced):
        yield f'{path} has {lines}, and nobody printed that'
    if arrows != of_it:
        yield f'{path} has {of_it} arrows, and {arrows} were printed'


def main():
    root, kind, program = sys.argv[1:]
    kept = os.path.join(root, 'docs', 'graph.svg')
    text, *graph = printed(program)
    found = list(differences(graph, kept, kind == 'traced'))
    found += misplaced(root, drawn(kept)[0])
    has_dot = shutil.which('dot') is not None
    if has_dot:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, 'graph.svg')
            subprocess.run([os.path.join(root, 'docs', 'graph.py'), path],
                           input=text, check=True, text=True)
            found += differences(graph, path, True)
    for line in found:
        print(line)
    if not found and not has_dot:
        print('missing: dot, of graphviz')
        sys.exit(77)
    sys.exit(bool(found))


main()
