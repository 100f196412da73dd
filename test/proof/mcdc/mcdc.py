# SPDX-License-Identifier: MIT
"""Check that the tests show the effect of each condition in src (MC/DC).

    mcdc.py LISTED SHOWN...

SHOWN is the output of `llvm-cov show -show-mcdc -show-branches=count` for a
build whose sources were preprocessed first. Several builds count as one. The
first of them decides which conditions are constant.

A condition is shown if two runs of its decision differ only in this condition
and in the outcome. A condition that is alone is shown if it was true and false.

LISTED excuses conditions, with reasons. The script prints a table, and then the
conditions that are neither shown nor excused. It fails if there is any, if an
excused condition is shown, or if LISTED is too long.
"""
import os
import re
import sys

MOST = 15  # conditions that may be listed

MARKER = re.compile(r'# (\d+) "(.*)"')
LINE = re.compile(r' *(\d+)\| *[^|]*\|(.*)')
BRANCH = re.compile(r'.* Branch \((\d+):(\d+)\): \[(?:True: (\S+), False: (\S+))?')
DECISION = re.compile(r'.*> MC/DC Decision Region \(')
CONDITION = re.compile(r'.* Condition C\d+ --> \((\d+):(\d+)\)')
VECTOR = re.compile(r'.* \d+ \{ (.*?)  = (.) +\}')
FUNCTION = re.compile(r'[A-Za-z_][^#;=]*?(\w+)\(')
EXPECT = '__builtin_expect(!!('


class Unit:
    """A preprocessed file: the origins of its lines, and their text."""

    def __init__(self):
        self.lines = {}
        self.places = {}  # file, line, function
        self.at = None, 0
        self.function = ''

    def add(self, number, text):
        marker = MARKER.match(text)
        if marker:
            self.at = source(marker[2]), int(marker[1])
            return
        file, line = self.at
        if file:
            if FUNCTION.match(text):
                self.function = FUNCTION.match(text)[1]
            self.lines[number] = text
            self.places[number] = file, line, self.function
        self.at = file, line + 1

    def text(self, line, column):
        """Return the condition that begins at this place."""
        rest = ' '.join(self.lines.get(line + i, '') for i in range(8))
        rest = rest[column - 1 + rest.startswith(EXPECT, column - 1) *
                    len(EXPECT):]
        label = re.match(r'(case .*?|default):', rest)
        if label:
            return label[1]
        depth = end = 0
        while end < len(rest):
            depth += (rest[end] in '([{') - (rest[end] in ')]}')
            if depth < 0 or depth == 0 and (rest[end] in '?;,' or
                                            rest[end:end + 2] in ('&&', '||')):
                break
            end += 1
        text = rest[:end].replace('((void *)0)', 'NULL')
        return re.sub(r'\s+', ' ', text).strip()


def source(path):
    """Return the path below the root for a file of src, or None."""
    found = re.search(r'(?:^|/)(src/\w+/\w+\.[ch])$', os.path.normpath(path))
    return found and found[1]


class Condition:
    def __init__(self, place, text):
        self.file, self.line, self.function = place
        self.text = text

    def key(self):
        return self.file, self.function, self.text


class Branch(Condition):
    """A condition that is alone."""

    def __init__(self, place, text):
        super().__init__(place, text)
        self.seen = [text.startswith(('case ', 'default')), False]
        self.seen.reverse()  # true, false; a label must only be reached

    def lacks(self):
        if all(self.seen):
            return None
        if not any(self.seen):
            return 'never evaluated'
        return 'never false' if self.seen[0] else 'never true'


class Decision:
    """The conditions of one decision."""

    def __init__(self, conditions):
        self.conditions = conditions
        self.vectors = set()
        self.constant = None  # which conditions are constant

    def add(self, constant, vectors):
        if self.constant is None:
            self.constant = constant
        if self.constant == constant:
            self.vectors |= vectors

    def shows(self, i):
        """Tell whether two runs differ only in this condition."""
        return any(
            a[i] == 'T' and b[i] == 'F' and a[-1] != b[-1] and all(
                j == i or x == y or '-' in (x, y)
                for j, (x, y) in enumerate(zip(a[:-1], b[:-1])))
            for a in self.vectors for b in self.vectors)

    def lacks(self, i):
        if self.shows(i):
            return None
        seen = sorted(''.join(v[:-1]) + '=' + v[-1] for v in self.vectors)
        return 'condition %d of %s' % (i + 1, ' '.join(seen) or 'no run')


def read_units(path):
    """Yield each preprocessed file: the unit, its branches, and its
    decisions."""
    unit = None
    for line in open(path, errors='replace'):
        line = line.rstrip('\n')
        if line.endswith('.i:') and line[0] != ' ':
            if unit:
                yield unit, branches, decisions
            unit, branches, decisions = Unit(), [], []
        elif LINE.match(line):
            unit.add(int(LINE.match(line)[1]), LINE.match(line)[2])
        elif BRANCH.match(line):
            branches.append(BRANCH.match(line).groups())
        elif DECISION.match(line):
            decisions.append(([], set()))
        elif CONDITION.match(line):
            decisions[-1][0].append(tuple(map(int,
                                              CONDITION.match(line).groups())))
        elif VECTOR.match(line):
            values, result = VECTOR.match(line).groups()
            decisions[-1][1].add(tuple(re.split(', +', values.strip())) +
                                 (result,))
    yield unit, branches, decisions


class Coverage:
    def __init__(self):
        self.branches = {}
        self.constant = set()  # by the first build that has them
        self.decisions = {}

    def key(self, unit, line, column):
        return unit.places[line][:2] + (column,)

    def add_decision(self, unit, places, vectors):
        key = self.key(unit, *places[0])
        if key not in self.decisions:
            self.decisions[key] = Decision([
                Condition(unit.places[line], unit.text(line, column))
                for line, column in places])
        self.decisions[key].add(
            self.folded(unit, places), vectors)

    def folded(self, unit, places):
        return tuple((line, column) in self.folds for line, column in places)

    def add_branch(self, unit, line, column, true, false):
        key = self.key(unit, line, column)
        if true is None:
            self.constant.add(key)
        elif key not in self.constant:
            branch = self.branches.setdefault(
                key, Branch(unit.places[line], unit.text(line, column)))
            branch.seen[0] |= true != '0'
            branch.seen[1] |= false != '0'

    def add(self, unit, branches, decisions):
        branches = [(int(line), int(column), true, false)
                    for line, column, true, false in branches
                    if int(line) in unit.places]
        decisions = [(places, vectors) for places, vectors in decisions
                     if places[0][0] in unit.places]
        self.folds = {(line, column) for line, column, true, _ in branches
                      if true is None}
        joint = {place for places, _ in decisions for place in places}
        for places, vectors in decisions:
            self.add_decision(unit, places, vectors)
        for line, column, true, false in branches:
            text = unit.lines[line]
            inner = column + text.startswith(EXPECT, column - 1) * len(EXPECT)
            if (line, column) not in joint and (
                    inner == column or (line, inner) not in joint):
                self.add_branch(unit, line, column, true, false)

    def conditions(self):
        """Yield each condition, and why it is not shown, or None."""
        for branch in self.branches.values():
            yield branch, branch.lacks()
        for decision in self.decisions.values():
            for i, condition in enumerate(decision.conditions):
                if not decision.constant[i]:
                    yield condition, decision.lacks(i)


def read_listed(path):
    return [tuple(line.rstrip('\n').split(None, 2)) for line in open(path)
            if line.strip() and not line.startswith('#')]


def print_row(name, reached, of):
    print('%-24s %7d of %5d %6.1f %%' % (name, reached, of,
                                         100 * reached / of))


def main(path, *shown):
    coverage = Coverage()
    for file in shown:
        for unit, branches, decisions in read_units(file):
            coverage.add(unit, branches, decisions)
    table = {}
    missing = []
    for condition, lack in coverage.conditions():
        row = table.setdefault(condition.file, [0, 0])
        row[0] += lack is None
        row[1] += 1
        if lack:
            missing.append((condition, lack))
    for name, row in sorted(table.items()):
        print_row(name, *row)
    reached, total = map(sum, zip(*table.values()))
    print_row('all', reached, total)
    listed = read_listed(path)
    fails = len(listed) > MOST
    if fails:
        print('%s has %d rows, but only %d are allowed'
              % (path, len(listed), MOST))
    for condition, lack in sorted(missing,
                                  key=lambda m: (m[0].file, m[0].line)):
        if condition.key() not in listed:
            fails = True
            print('%s:%d: %s: %s: %s' % (condition.file, condition.line,
                                         condition.function, condition.text,
                                         lack))
    for key in sorted(set(listed) - {c.key() for c, _ in missing}):
        fails = True
        print('not needed in %s: %s' % (path, ' '.join(key)))
    print('result: %d of %d conditions shown, %d listed with a reason'
          % (reached, total, len(listed)))
    return fails


sys.exit(main(*sys.argv[1:]))
