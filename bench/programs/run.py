#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Whole programs compared with programs of others for the same task.

  run.py [--build DIR] [--rounds N] [--seconds N] [--quick] [--write] [CASE...]

The result is processor time, because throughput is meaningless on a shared
machine. The programs of a case take turns. Cases: serving fanning reading
copying relaying echoing. DIR must have --buildtype=release (build-release).
--write stores the table in docs/programs.md and draws its pictures.
"""
import importlib
import os
import sys
import tempfile

import machine
import plot

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))
import page

CASES = 'serving fanning reading copying relaying echoing'.split()
HEADS = ['case', 'program', 'a second', 'µs of processor', 'times avow',
         'KiB a connection']


def total(samples):
    """The sum over all rounds. Memory is that of the first round, because it is
    not freed."""
    counts, cpus, elapsed, memory = zip(*samples)
    return machine.Sample(sum(counts), sum(cpus), sum(elapsed), memory[0])


def each(sample):
    """Seconds of processor time; a turn on an overloaded machine may get none."""
    return sample.cpu / max(sample.count, 1)


def row(case, name, sample, ours):
    memory = '' if sample.memory is None else f'{sample.memory / 1024:.1f}'
    times = f'{each(sample) / each(ours):.2f}' if each(ours) > 0 else ''
    return [case, name, f'{sample.count / sample.elapsed:.0f}',
            f'{each(sample) * 1e6:.1f}', times, memory]


def take_turns(rivals, load, text, options):
    samples = {name: [] for name in rivals}
    for i in range(options.rounds):
        for name, run in rivals.items():
            page.say(f'{text}: round {i + 1} of {options.rounds}, {name}')
            samples[name].append(run(load, options.seconds))
    return {name: total(some) for name, some in samples.items()}


def rows_of(name, options):
    case = importlib.import_module(name)
    loads = case.SMALL if options.quick else case.LOADS
    here = os.path.dirname(os.path.abspath(__file__))
    with tempfile.TemporaryDirectory() as work, \
            case.rivals(options.build, here, work, loads[-1]) as rivals:
        for load in loads if rivals else []:
            text = f'{case.UNIT}: {case.describe(load)}'
            some = {name: run for name, run in rivals.items()
                    if not options.alone or name.startswith('avow')}
            results = take_turns(some, load, text, options)
            ours = next(iter(results.values()))
            for rival, sample in results.items():
                yield row(text, rival, sample, ours)


def parse():
    parser = page.parser_of(__doc__, CASES)
    parser.add_argument('--seconds', type=int, default=2)
    options = page.parse(parser, CASES)
    if options.quick:
        options.rounds = options.seconds = 1
    return options


def main():
    options = parse()
    machine.allow_descriptors()
    rows = [HEADS]
    for case in options.case:
        rows += rows_of(case, options)
    page.show('programs.md', options, page.table(rows, 2), machine.missing)
    if options.write:
        plot.draw()


main()
