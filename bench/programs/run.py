#!/usr/bin/env python3
"""Whole programs beside those that others wrote for the same.

  run.py [--build DIR] [--rounds N] [--seconds N] [--quick] [--write] [CASE...]

What counts is the processor's time, for throughput says nothing on a machine
that others use. The rivals of a case take turns. Cases: serving fanning reading
copying relaying echoing. DIR is made with --buildtype=release (build-release);
--write keeps the table in docs/programs.md.
"""
import argparse
import datetime
import importlib
import os
import platform
import sys
import tempfile

import machine

CASES = 'serving fanning reading copying relaying echoing'.split()
HEADS = ['case', 'program', 'a second', 'µs of processor', 'times avow',
         'KiB a connection']
MARK = '## The table'


def say(text):
    print(text, file=sys.stderr, flush=True)


def total(samples):
    """Of all rounds; memory is the first one's, for it does not come back."""
    counts, cpus, elapsed, memory = zip(*samples)
    return machine.Sample(sum(counts), sum(cpus), sum(elapsed), memory[0])


def each(sample):
    """Seconds of processor; on a starved machine a turn may see none."""
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
            say(f'{text}: round {i + 1} of {options.rounds}, {name}')
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


def table(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]

    def line(cells):
        return '| ' + ' | '.join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths))) + ' |'
    rule = ['-' * width if i < 2 else '-' * (width - 1) + ':'
            for i, width in enumerate(widths)]
    return '\n'.join([line(rows[0]), line(rule), *map(line, rows[1:])])


def circumstances(load_before):
    return (f'{datetime.date.today().isoformat()}, {os.cpu_count()} processors,'
            f' Linux {platform.release().split("-")[0]}, load '
            f'{load_before:.1f} before and {os.getloadavg()[0]:.1f} after.')


def keep(text):
    here = os.path.dirname(os.path.abspath(__file__))
    path = os.path.join(here, '../../docs/programs.md')
    with open(path, encoding='utf-8') as file:
        prose = file.read().split(MARK)[0]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'{prose}{MARK}\n\n{text}\n')


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', 1)[0])
    parser.add_argument('--build', default='build-release')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--seconds', type=int, default=2)
    parser.add_argument('--quick', action='store_true',
                        help='little of each, once: shows that it works')
    parser.add_argument('--alone', action='store_true', help='avow only')
    parser.add_argument('--write', action='store_true')
    parser.add_argument('case', nargs='*', default=CASES)
    options = parser.parse_args()
    if not set(options.case) <= set(CASES):
        parser.error(f'the cases are {" ".join(CASES)}')
    if options.quick:
        options.rounds = options.seconds = 1
    options.build = os.path.abspath(options.build)
    return options


def main():
    options = parse()
    load_before = os.getloadavg()[0]
    machine.allow_descriptors()
    rows = [HEADS]
    for case in options.case:
        rows += rows_of(case, options)
    text = table(rows) + '\n\n' + circumstances(load_before)
    for program, why in machine.missing.items():
        text += f'\n{program}: {why}'
    print(text)
    if options.write:
        keep(text)


main()
