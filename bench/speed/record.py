# SPDX-License-Identifier: MIT
"""A recorded run of the benchmarks: docs/speed.csv.

Its comments have the date and the machine. It then has a row for each case.
"""
import csv
import typing


class Row(typing.NamedTuple):
    question: str
    case: str
    n: int  # at a time
    unit: str
    amount: float
    floor: float  # 0: there is none
    times: float  # the median of ratios, not the ratio of medians
    asked: typing.Optional[float]

    @property
    def key(self):
        return self.question, self.case, self.n


def number(text):
    return float(text) if text else 0.0


def row(cells):
    question, case, n, unit, amount, floor, times, asked = cells
    return Row(question, case, int(n), unit, float(amount), number(floor),
               number(times), float(asked) if unit == 'ns' else None)


def read(path):
    """The values of its comments by name, and the rows."""
    with open(path, encoding='utf-8', newline='') as file:
        lines = file.read().splitlines()
    said = dict(line[2:].split(': ', 1) for line in lines
                if line.startswith('# ') and ': ' in line)
    cells = list(csv.reader(line for line in lines
                            if not line.startswith('#')))
    return said, [row(line) for line in cells[1:]]
