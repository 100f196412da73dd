#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Record the output of a command on a terminal as an animated SVG.

  record.py [--columns N] [--shown TEXT] OUT.svg COMMAND [ARGUMENT...]

The command runs once on a pseudo-terminal. The picture shows how the command is
typed, and then its output at the original times. It repeats forever and uses
only CSS. If animations are off or not supported, it shows the end of the
output. The picture of README.md is made with:

  (cd build && python3 ../docs/record.py ../docs/fanout.svg examples/fanout)
"""
import argparse
import codecs
import fcntl
import os
import pty
import re
import shlex
import struct
import sys
import termios
import time
from xml.sax.saxutils import escape

# Text, colors, and the sequence that erases the text after the cursor. Other
# sequences are reported as errors.
PIECE = re.compile(r'\x1b\[([0-9;]*)([mK])|([\r\n])|([^\x00-\x1f\x7f]+)')
COLORS = {'': '', '0': '', '31': 'red', '32': 'green', '33': 'yellow'}

KEY, ENTER, HOLD = 0.06, 0.4, 6  # seconds: each key, after the last, at the end
FONT, ADVANCE, LINE, EDGE = 14, 8.4, 19, 16
STYLE = '''\
text { font: %dpx ui-monospace, SFMono-Regular, Menlo, Consolas,
  "DejaVu Sans Mono", "Liberation Mono", monospace; fill: #e6edf3;
  white-space: pre }
.ground { fill: #0d1117; stroke: #3d444d }
.red { fill: #ff7b72 } .green { fill: #56d364 } .yellow { fill: #e3b341 }
.gone { opacity: 0 }
g { animation: %.2fs step-end infinite }
@media (prefers-reduced-motion: reduce) { g { animation: none !important } }'''


class Screen:
    """Lines of cells. A cell is a letter with its color."""

    def __init__(self, columns):
        self.columns = columns
        self.lines = [[]]
        self.at = 0
        self.color = ''

    def write(self, text):
        end = 0
        for piece in PIECE.finditer(text):
            if piece.start() != end:
                break
            end = piece.end()
            self.take(*piece.groups())
        if end != len(text):
            sys.exit(f'record: unknown sequence {text[end:end + 8]!r}')

    def take(self, numbers, letter, control, text):
        if letter == 'K':
            del self.lines[-1][self.at:]
        elif letter == 'm':
            self.color = COLORS[numbers]
        elif control == '\n':
            self.lines.append([])
        elif control == '\r':
            self.at = 0
        else:
            for c in text:
                self.put(c)

    def put(self, c):
        if self.at == self.columns:
            self.lines.append([])
            self.at = 0
        line = self.lines[-1]
        line += [(' ', '')] * (self.at + 1 - len(line))
        line[self.at] = (c, self.color)
        self.at += 1

    def look(self):
        return [tuple(line) for line in self.lines]


def typed(command, screen):
    """Yield the times and the contents of the screen while the command is typed."""
    screen.write('$ ')
    yield 0, screen.look()
    for i, key in enumerate(command):
        screen.write(key)
        yield ENTER + KEY * i, screen.look()
    screen.write('\r\n')


def read(terminal):
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux reports the end of the other side as an error
        return b''


def start(columns, argv):
    child, terminal = pty.fork()
    if child != 0:
        return child, terminal
    size = struct.pack('HHHH', 24, columns, 0, 0)
    fcntl.ioctl(1, termios.TIOCSWINSZ, size)
    os.environ['TERM'] = 'xterm-256color'
    try:
        os.execvp(argv[0], argv)
    finally:
        os._exit(127)


def run(argv, screen):
    """Yield the times and the contents of the screen while the command runs."""
    child, terminal = start(screen.columns, argv)
    began = time.monotonic()
    decode = codecs.getincrementaldecoder('utf-8')().decode
    while data := read(terminal):
        screen.write(decode(data))
        yield time.monotonic() - began, screen.look()
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if status == 127:
        sys.exit(f'record: cannot run {argv[0]}')


def record(command, argv, columns):
    screen = Screen(columns)
    frames = list(typed(command, screen))
    begin = frames[-1][0] + ENTER
    return frames + [(begin + when, look) for when, look in run(argv, screen)]


def lines_of(frames):
    """Yield each line with its row and the times when it appears and disappears."""
    standing = {}
    for when, look in frames:
        for y in set(standing) | set(range(len(look))):
            line = look[y] if y < len(look) else ()
            if y in standing and standing[y][0] != line:
                yield y, *standing.pop(y), when
            if line:
                standing.setdefault(y, (line, when))
    for y, (line, begin) in standing.items():
        yield y, line, begin, None


def spans(line):
    """Yield the parts of a line that have one color."""
    i = 0
    while i < len(line):
        j = i
        while j < len(line) and line[j][1] == line[i][1]:
            j += 1
        text = escape(''.join(c for c, _ in line[i:j]))
        yield f'<tspan class="{line[i][1]}">{text}</tspan>' if line[i][1] else text
        i = j


def text(y, line):
    """Return the SVG text of a line, with letters in columns for any font."""
    return (f'<text x="{EDGE}" y="{EDGE + FONT - 1 + LINE * y}" '
            f'textLength="{len(line) * ADVANCE:.1f}">{"".join(spans(line))}</text>')


def steps(begin, end, total):
    shown = [f'{100 * begin / total:.2f}% {{ opacity: 1 }}']
    if begin > 0:
        shown.insert(0, '0% { opacity: 0 }')
    if end is not None:
        shown.append(f'{100 * end / total:.2f}% {{ opacity: 0 }}')
    return ' '.join(shown)


def groups(frames, total):
    """Yield lines that appear and disappear together, with their animation."""
    together = {}
    for y, line, begin, end in lines_of(frames):
        together.setdefault((begin, end), []).append(text(y, line))
    for i, ((begin, end), texts) in enumerate(sorted(
            together.items(), key=lambda item: item[0][0])):
        if end is None and begin == 0:
            yield '', texts
            continue
        yield (f'@keyframes k{i} {{ {steps(begin, end, total)} }}',
               [f'<g{"" if end is None else " class=" + chr(34) + "gone" + chr(34)}'
                f' style="animation-name: k{i}">', *texts, '</g>'])


def picture(command, frames, columns):
    total = frames[-1][0] + HOLD
    width = round(columns * ADVANCE + 2 * EDGE)
    rows = max(y for y, *_, end in lines_of(frames) if end is None) + 1
    height = rows * LINE + 2 * EDGE - 6
    rules, shown = [STYLE % (FONT, total)], []
    for rule, lines in groups(frames, total):
        rules += [rule] if rule else []
        shown += lines
    return '\n'.join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
        'xml:space="preserve">',
        f'<title>{escape(command)}, on a terminal</title>',
        '<style>', *rules, '</style>',
        f'<rect class="ground" x="0.5" y="0.5" width="{width - 1}" '
        f'height="{height - 1}" rx="8"/>', *shown, '</svg>', ''])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--columns', type=int, default=68)
    parser.add_argument('--shown', help='text to show in place of the command')
    parser.add_argument('out')
    parser.add_argument('command', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if not options.command:
        parser.error('which command?')
    command = options.shown or shlex.join(options.command)
    frames = record(command, options.command, options.columns)
    with open(options.out, 'w', encoding='utf-8') as file:
        file.write(picture(command, frames, options.columns))


if __name__ == '__main__':
    main()
