#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Draw the output of avow_loop_dump_dot() as an SVG.

  graph.py OUT.svg <GRAPH

The program dot of Graphviz determines the positions. Colors and letters suit
light and dark pages. The graph of README.md comes from a build with
-Dtrace=true:

  build-trace/examples/graph | python3 docs/graph.py docs/graph.svg
"""
import re
import shlex
import subprocess
import sys
from xml.sax.saxutils import escape

FONT, LINE, EDGE, INCH = 12, 15, 16, 72
STATES = {'palegreen': 'fulfilled', 'salmon': 'rejected'}
STYLE = f'''\
svg {{ --ground: #fff; --edge: #d1d9e0; --text: #1f2328; --muted: #59636e;
  --pending: #fff8c5; --pending-edge: #d4a72c;
  --fulfilled: #dafbe1; --fulfilled-edge: #4ac26b;
  --rejected: #ffebe9; --rejected-edge: #ff8182 }}
@media (prefers-color-scheme: dark) {{
  svg {{ --ground: #0d1117; --edge: #3d444d; --text: #f0f6fc; --muted: #9198a1;
    --pending: #272115; --pending-edge: #9e6a03;
    --fulfilled: #12261e; --fulfilled-edge: #238636;
    --rejected: #25171c; --rejected-edge: #da3633 }} }}
text {{ font: {FONT}px ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", "Liberation Mono", monospace; text-anchor: middle;
  fill: var(--muted) }}
.name {{ font-weight: 600; fill: var(--text) }}
.ground {{ fill: var(--ground); stroke: var(--edge) }}
.pending {{ fill: var(--pending); stroke: var(--pending-edge) }}
.fulfilled {{ fill: var(--fulfilled); stroke: var(--fulfilled-edge) }}
.rejected {{ fill: var(--rejected); stroke: var(--rejected-edge) }}
.edge {{ fill: none; stroke: var(--muted); stroke-width: 1.3 }}
.head {{ fill: var(--muted) }}'''


def line_of(place):
    """Return the source line of an address without its folder, as " at graph.c:77"."""
    told = subprocess.run(['addr2line', '-e', place[1], place[2]], text=True,
                          check=True, stdout=subprocess.PIPE).stdout
    return ' at ' + told.split('/')[-1].split(' ')[0].strip()


def placed(graph):
    return re.sub(r' in \S+ \(addr2line -fpe ([^\s"\\]+) (0x[0-9a-f]+)\)', line_of, graph)


def laid_out(graph):
    """Split the plain output of dot into words, line by line."""
    text = subprocess.run(
        ['dot', '-Tplain', f'-Nfontsize={FONT}', '-Nmargin=0.14,0.12',
         '-Granksep=0.36', '-Gnodesep=0.2'],
        input=placed(graph), text=True, check=True, stdout=subprocess.PIPE).stdout
    for line in text.replace('\\\n', '').splitlines():
        yield shlex.split(line.replace('\\n', '\v'))


def number(x):
    return f'{x:.1f}'.removesuffix('.0')


class Drawing:
    """Convert positions of dot, in inches and with y upward, to those of the SVG."""

    def __init__(self, width, height):
        self.width = float(width) * INCH + 2 * EDGE
        self.height = float(height) * INCH + 2 * EDGE
        self.shown = []

    def at(self, x, y):
        return (float(x) * INCH + EDGE, self.height - EDGE - float(y) * INCH)

    def point(self, x, y):
        return '%s %s' % tuple(map(number, self.at(x, y)))

    def node(self, x, y, width, height, label, color):
        x, y = self.at(x, y)
        width, height = float(width) * INCH, float(height) * INCH
        lines = label.rstrip('\v').split('\v')
        self.shown.append(
            f'<rect class="{STATES.get(color, "pending")}" '
            f'x="{number(x - width / 2)}" y="{number(y - height / 2)}" '
            f'width="{number(width)}" height="{number(height)}" rx="6"/>')
        top = y - LINE * (len(lines) - 1) / 2 + FONT / 3
        for i, line in enumerate(lines):
            name = ' class="name"' if i == 0 else ''
            self.shown.append(f'<text{name} x="{number(x)}" '
                              f'y="{number(top + LINE * i)}">{escape(line)}</text>')

    def edge(self, points):
        first, *rest = zip(points[::2], points[1::2])
        self.shown.append(
            f'<path class="edge" marker-end="url(#head)" d="M{self.point(*first)}'
            f'C{" ".join(self.point(*point) for point in rest)}"/>')

    def text(self):
        width, height = round(self.width), round(self.height)
        return '\n'.join([
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" role="img">',
            '<title>promises, with arrows to what they wait for</title>',
            f'<style>\n{STYLE}\n</style>',
            '<marker id="head" viewBox="0 0 8 8" refX="0" refY="4" '
            'markerWidth="7" markerHeight="7" orient="auto">'
            '<path class="head" d="M0 0.5l8 3.5l-8 3.5z"/></marker>',
            f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" '
            f'height="{height - 1}" rx="6"/>', *self.shown, '</svg>', ''])


def draw(graph):
    drawing = None
    for kind, *words in laid_out(graph):
        if kind == 'graph':
            drawing = Drawing(*words[1:3])
        elif kind == 'node':
            drawing.node(*words[1:6], words[-1])
        elif kind == 'edge':
            drawing.edge(words[3:3 + 2 * int(words[2])])
    return drawing.text()


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: graph.py OUT.svg <GRAPH')
    text = draw(sys.stdin.read())
    with open(sys.argv[1], 'w', encoding='utf-8') as file:
        file.write(text)


if __name__ == '__main__':
    main()
