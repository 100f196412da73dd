#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that a trace is consistent.

  trace.py FILE...              checks these traces
  trace.py --run KIND PROGRAM   checks the standard output of PROGRAM: the trace
                                of traced.c, or [] if KIND is "no trace"

A trace is JSON. If the program crashed, the final ] is missing, and open spans
and arrows are allowed. Otherwise, each span must end, with the name with which
it began, and each arrow must end in a slice. Slices must nest. Events must be
in the order of their ends.
"""
import collections
import json
import subprocess
import sys

STATES = {'pending', 'fulfilled', 'rejected', 'canceled', 'followed'}
LOOP = 1


def parse(text):
    """Return the events, and whether the trace is complete."""
    if text.rstrip().endswith(']'):
        return json.loads(text), True
    return json.loads(text + ']'), False


def end_of(event):
    """Return the time in ns. The trace has µs with three digits."""
    return round((event['ts'] + event.get('dur', 0)) * 1000)


def begin_of(event):
    return round(event['ts'] * 1000)


class Trace:
    def __init__(self, events, whole):
        self.events = [event for event in events if event['ph'] != 'M']
        self.names = {event['tid'] for event in events if event['ph'] == 'M'}
        self.whole = whole

    def complaints(self):
        yield from self.order()
        yield from self.spans()
        yield from self.arrows()
        yield from self.nesting()
        yield from self.parking()

    def order(self):
        last = 0
        for event in self.events:
            if event['ph'] == 'f' or event.get('name') == 'outside':
                continue  # is written with its slice
            if end_of(event) < last:
                yield f'ends before its predecessor in the file: {event}'
            last = end_of(event)
            if event['tid'] not in self.names:
                yield f'on a thread without a name: {event}'

    def spans(self):
        opened, closed = {}, set()
        for event in self.events:
            if event['ph'] == 'b':
                if event['id'] in opened or event['id'] in closed:
                    yield f'begins again: {event}'
                opened[event['id']] = event['name']
            if event['ph'] == 'e':
                if opened.pop(event['id'], None) != event['name']:
                    yield f'ends without a beginning of that name: {event}'
                closed.add(event['id'])
                if event['args']['state'] not in STATES:
                    yield f'has an unknown state: {event}'
        for promise, name in opened.items():
            if self.whole:
                yield f'{name} {promise} never ends'

    def slices(self):
        return [event for event in self.events if event['ph'] == 'X']

    def arrows(self):
        started = {}
        holds = {begin_of(event): end_of(event) for event in self.slices()}
        jobs = {begin_of(event) for event in self.slices()
                if event['cat'] == 'job'}
        for event in self.events:
            if event['ph'] == 's':
                if event['id'] in started:
                    yield f'starts twice: {event}'
                started[event['id']] = begin_of(event)
            elif event['ph'] == 'f':
                start = started.pop(event['id'], None)
                if start is None or start > begin_of(event):
                    yield f'finishes without an earlier start: {event}'
                jobs.discard(begin_of(event))
        for start in jobs:
            yield f'no arrow points to the job from {start} to {holds[start]}'
        for promise in started:
            if self.whole:
                yield f'the job of {promise} neither runs nor is dropped'

    def nesting(self):
        """Check that each slice ends before the slices in which it began."""
        stack = []
        slices = sorted(self.slices(), key=lambda x: (begin_of(x), -end_of(x)))
        for event in slices:
            while stack and stack[-1] <= begin_of(event):
                stack.pop()
            if stack and end_of(event) > stack[-1]:
                yield f'ends after the slice in which it began: {event}'
            stack.append(end_of(event))

    def parking(self):
        """Check that each function awaits one promise after the other."""
        parked = collections.Counter()
        for event in self.events:
            if event['ph'] in 'BE':
                parked[event['tid']] += 1 if event['ph'] == 'B' else -1
                if parked[event['tid']] not in (0, 1):
                    yield f'is parked twice or never: {event}'
                if event['tid'] == LOOP:
                    yield f'the loop awaits: {event}'
        for function, count in parked.items():
            if count and self.whole:
                yield f'function {function} is parked forever'


def complaints(text):
    return list(Trace(*parse(text)).complaints())


def check(name, text):
    found = complaints(text)
    for complaint in found[:5]:
        print(f'{name}: {complaint}')
    return not found


# The minimum number of events of traced.c.
EVENTS = {'b': 20, 'e': 20, 's': 20, 'X': 30, 'B': 4, 'i': 3}
STATES_THERE = {'pending': 1, 'fulfilled': 15, 'rejected': 4, 'canceled': 3}


def lacks(text):
    """Yield the missing events of traced.c."""
    events, _ = parse(text)
    found = collections.Counter(
        [event['ph'] for event in events] +
        [event['args']['state'] for event in events if event['ph'] == 'e'])
    for name, least in {**EVENTS, **STATES_THERE}.items():
        if found[name] < least:
            yield f'{found[name]} events {name}, fewer than {least}'


def run(kind, *program):
    text = subprocess.run(program, check=True, capture_output=True,
                          encoding='utf-8').stdout
    if kind == 'no trace':
        return text == '[]\n'
    missing = list(lacks(text))
    print('\n'.join(missing))
    return check(program[0], text) and not missing


def main():
    if sys.argv[1] == '--run':
        sys.exit(not run(*sys.argv[2:]))
    good = True
    for path in sys.argv[1:]:
        with open(path, encoding='utf-8') as file:
            good &= check(path, file.read())
    sys.exit(not good)


if __name__ == '__main__':
    main()
