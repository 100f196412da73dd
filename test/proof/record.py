#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Record the results of test/long.sh, from which the table of docs/testing.md
is made.

    record.py add STEP COMMIT passed|FAILED SECONDS LOG    replaces STEP's row
    record.py --write                                      writes the table
    record.py --check       fails if the table differs from the record or names
                            a commit that the repository lacks

A row has the last run of a step, passed or failed. Its result is the last line
of the log that begins with "result: ". If there is none, it is the sum of
Meson's counts, or the last line.
"""
import datetime
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..')
RECORD = os.path.join(ROOT, 'docs', 'proofs.tsv')
PAGE = os.path.join(ROOT, 'docs', 'testing.md')
BEGIN = '<!-- record: written by test/proof/record.py -->\n'
END = '<!-- end of record -->\n'
HEAD = 'step\tdate\tcommit\toutcome\tseconds\tresult\n'


def rows():
    try:
        with open(RECORD, encoding='utf-8') as file:
            return [line.rstrip('\n').split('\t') for line in file][1:]
    except FileNotFoundError:
        return []


def steps():
    """Return the names without the first, "tools", which tests nothing."""
    script = os.path.join(ROOT, 'test', 'long.sh')
    return subprocess.run(['sh', script, '--list'], check=True,
                          capture_output=True, text=True).stdout.split()[1:]


def result_of(log):
    with open(log, encoding='utf-8', errors='replace') as file:
        lines = [line.strip() for line in file if line.strip()]
    said = [line[len('result: '):] for line in lines
            if line.startswith('result: ')]
    if said:
        return said[-1]
    counted = {what: sum(int(n) for line in lines
                         for n in re.findall(rf'^{what}: +(\d+)', line))
               for what in ('Ok', 'Fail', 'Timeout', 'Skipped')}
    if counted['Ok']:
        failed = counted['Fail'] + counted['Timeout']
        skipped = counted['Skipped']
        return f"{counted['Ok']} tests passed, {failed} failed" + \
            (f', {skipped} skipped' if skipped else '')
    return lines[-1] if lines else 'no output'


def add(step, commit, outcome, seconds, log):
    kept = [row for row in rows() if row[0] != step]
    result = result_of(log).replace('\t', ' ').replace('|', '/')
    kept.append([step, datetime.date.today().isoformat(), commit, outcome,
                 seconds, result])
    order = steps()
    kept = [row for row in kept if row[0] in order]
    kept.sort(key=lambda row: order.index(row[0]))
    with open(RECORD, 'w', encoding='utf-8') as file:
        file.write(HEAD)
        file.writelines('\t'.join(row) + '\n' for row in kept)


def table():
    recorded = {row[0]: row for row in rows()}
    lines = ['| step | outcome | result | commit | date | seconds |',
             '|---|---|---|---|---|---:|']
    for step in steps():
        if step in recorded:
            _, date, commit, outcome, seconds, result = recorded[step]
            lines.append(f'| `{step}` | {outcome} | {result} | {commit} | '
                         f'{date} | {seconds} |')
        else:
            lines.append(f'| `{step}` | not recorded | | | | |')
    return '\n'.join(lines) + '\n'


def parts():
    with open(PAGE, encoding='utf-8') as file:
        page = file.read()
    before, rest = page.split(BEGIN)
    old, after = rest.split(END)
    return before + BEGIN, old, END + after


def git(*words):
    """Return git's output, or None if git fails or is not installed."""
    try:
        ran = subprocess.run(['git', '-C', ROOT, *words], check=False,
                             capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return ran.stdout.strip() if ran.returncode == 0 else None


def has_history():
    """Tell whether this is a full clone and not a tarball or a subproject."""
    top = git('rev-parse', '--show-toplevel')
    return top is not None and os.path.realpath(top) == os.path.realpath(ROOT) \
        and git('rev-parse', '--is-shallow-repository') == 'false'


def check_commits():
    for step, _, commit, *_ in rows():
        if git('cat-file', '-e', commit + '^{commit}') is None:
            sys.exit(f'docs/proofs.tsv: {step}: the repository lacks the '
                     f'commit {commit}')


def main(command, *words):
    if command == 'add':
        add(*words)
        command = '--write'
    before, old, after = parts()
    if command == '--write':
        with open(PAGE, 'w', encoding='utf-8') as file:
            file.write(before + table() + after)
    elif old != table():
        sys.exit('docs/testing.md does not match docs/proofs.tsv; run '
                 'python3 test/proof/record.py --write')
    elif has_history():
        check_commits()


main(*sys.argv[1:])
