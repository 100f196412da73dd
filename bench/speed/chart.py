# SPDX-License-Identifier: MIT
"""A picture of bars that are compared with their floors, as SVG.

It fits a telephone, has colors for light and dark pages, and starts its axis at
zero. A bar that is far longer than all others is broken off, so that the others
can be told apart.
"""
import typing
from xml.sax.saxutils import escape

WIDTH, MARGIN, ROOM = 440, 16, 122  # room: for the value after a bar
HEAD, ROW, BAR = 72, 39, 11
FULL = WIDTH - 2 * MARGIN - ROOM  # the longest bar
FAR = 5  # times the length of the next one
LETTERS = 64

STYLE = '''\
svg { --ground: #fff; --edge: #d1d9e0; --text: #1f2328; --muted: #59636e;
  --bar: #6aa3e8; --floor: #b44600;
  font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif }
@media (prefers-color-scheme: dark) {
  svg { --ground: #0d1117; --edge: #3d444d; --text: #f0f6fc; --muted: #9198a1;
    --bar: #3f78bd; --floor: #f0a060 } }
.ground { fill: var(--ground); stroke: var(--edge) }
text { fill: var(--text) }
.asks { font-size: 16px; font-weight: 600 }
.muted, .by-hand { fill: var(--muted); font-size: 12px }
.by-hand { fill: var(--floor); text-anchor: end }
.value { font-weight: 600 }
.bar { fill: var(--bar) }
.floor { stroke: var(--floor); stroke-width: 2 }
.gap { stroke: var(--ground); stroke-width: 3 }'''


class Bar(typing.NamedTuple):
    label: str
    many: str
    by_hand: str  # the floor, if it differs from the others
    length: float
    floor: float  # 0: none
    value: str
    beside: str


def limit(bars):
    """The value of the longest bar that is not broken off."""
    lengths = sorted([bar.length for bar in bars] +
                     [bar.floor for bar in bars])
    while len(lengths) > 1 and lengths[-1] > FAR * lengths[-2]:
        lengths.pop()
    return lengths[-1]


def check(bars):
    """The text of a line must fit into it in any font."""
    for bar in bars:
        if len(bar.label + bar.many + bar.by_hand) > LETTERS:
            raise ValueError(f'too long for a picture: {bar.label}')


def number(x):
    return f'{x:.1f}'.removesuffix('.0')


def label(bar, y):
    many = f' <tspan class="muted">{escape(bar.many)}</tspan>' if bar.many else ''
    yield f'<text x="{MARGIN}" y="{y}">{escape(bar.label)}{many}</text>'
    if bar.by_hand:
        yield (f'<text class="by-hand" x="{WIDTH - MARGIN}" y="{y}">'
               f'{escape(bar.by_hand)}</text>')


def value(bar, x, y):
    beside = f' <tspan class="muted">{escape(bar.beside)}</tspan>' \
        if bar.beside else ''
    yield (f'<text x="{number(x)}" y="{y}">'
           f'<tspan class="value">{escape(bar.value)}</tspan>{beside}</text>')


def row(bar, y, scale):
    """The bar with its floor below a line of text. Its value follows."""
    yield from label(bar, y)
    length = min(max(bar.length * scale, 1), FULL)
    floor = min(bar.floor * scale, FULL)
    yield (f'<rect class="bar" x="{MARGIN}" y="{y + 7}" '
           f'width="{number(length)}" height="{BAR}" rx="1.5"/>')
    if bar.length * scale > FULL + 0.01:
        yield (f'<path class="gap" d="M{number(MARGIN + FULL - 22)} {y + 21}'
               f'l6 -17m4 0l-6 17"/>')
    if floor > 0:
        yield (f'<path class="floor" d="M{number(MARGIN + floor)} {y + 4}'
               f'v{BAR + 6}"/>')
    yield from value(bar, MARGIN + max(length, floor) + 7, y + 17)


def head(asks, each, height, floor):
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
           f'height="{height}" viewBox="0 0 {WIDTH} {height}" role="img">')
    yield f'<title>{escape(asks)}</title>'
    yield f'<style>\n{STYLE}\n</style>'
    yield (f'<rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" '
           f'height="{height - 1}" rx="6"/>')
    yield f'<text class="asks" x="{MARGIN}" y="28">{escape(asks)}</text>'
    yield f'<text class="muted" x="{MARGIN}" y="47">{escape(each)}</text>'
    if floor:
        x = WIDTH - MARGIN - 7 * len(floor) - 12
        yield f'<path class="floor" d="M{x} 35v15"/>'
        yield (f'<text class="by-hand" x="{WIDTH - MARGIN}" y="47">'
               f'{escape(floor)}</text>')


def picture(asks, each, floor, bars):
    check(bars)
    height = HEAD + ROW * len(bars) - 6
    scale = FULL / limit(bars)
    lines = list(head(asks, each, height, floor))
    for i, bar in enumerate(bars):
        lines += row(bar, HEAD + 4 + i * ROW, scale)
    return '\n'.join(lines + ['</svg>', ''])
