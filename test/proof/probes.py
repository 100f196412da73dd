#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that debuggers and bpftrace find the probes and read correct data.

  probes.py SOURCE-ROOT PROGRAM true|false

PROGRAM is built from traced.c. The last argument tells whether it has probes.
gdb stops at each probe and reads its arguments. bpftrace compiles
share/avow/avow-latency.bt and runs nothing. A check is skipped if its tool is
missing. With $CI, the script then fails.
"""
import os
import re
import shutil
import subprocess
import sys

import kinds

# The number of arguments of each probe.
PROBES = {'new': 2, 'settle': 3, 'job_begin': 3, 'job_end': 1, 'park': 2,
          'resume': 1, 'cancel': 2}
SCRIPT = 'share/avow/avow-latency.bt'
MARK = '== '


def fail(*words):
    print(*words)
    sys.exit(1)


def without(what):
    print(what)
    sys.exit(1 if os.environ.get('CI') else 77)


def read(*path):
    with open(os.path.join(*path), encoding='utf-8') as file:
        return file.read()


def say(*argv):
    done = subprocess.run(argv, text=True, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    return done.stdout


def check_script(root, program):
    """Return the reason why it does not compile, or None."""
    text = read(root, SCRIPT)
    names = [kinds.name_in_dumps(row) for *_, row in kinds.kinds(root)]
    named = re.findall(r'@kind\[(\d+)\] = "(\w+)"', text)
    if named != [(str(i), name) for i, name in enumerate(names)]:
        fail(SCRIPT, 'does not name the kinds of the library')
    if set(re.findall(r'avow:(\w+)', text)) - set(PROBES):
        fail(SCRIPT, 'uses unknown probes')
    if shutil.which('bpftrace') is None or os.geteuid() != 0:
        return 'skipped: bpftrace is not installed, or needs root'
    said = say('bpftrace', '-d', os.path.join(root, SCRIPT), program)
    wrong = [line for line in said.split('\n')
             if 'ERROR' in line and 'RLIMIT' not in line]
    if wrong or 'define ' not in said:
        fail(SCRIPT, 'does not compile:', *wrong)
    return None


def gdb(program, *commands):
    more = [word for command in commands for word in ('-ex', command)]
    return say('gdb', '--batch', '--nx', '-iex', 'set auto-load off', '-iex',
               'set debuginfod enabled off', *more, program)


def check_places(program):
    listed = gdb(program, 'info probes stap avow')
    found = set(re.findall(r'stap +avow +(\w+) ', listed))
    if found != set(PROBES):
        fail('the probes are', *sorted(found), '\n', listed)


def stop_at(name, count):
    """Return commands that run the program up to a probe and print the
    arguments."""
    return ['delete', f'break -probe-stap avow:{name}', 'run >/dev/null',
            f'echo \\n{MARK}{name}\\n', 'print $_probe_argc',
            *(f'print/x $_probe_arg{i}' for i in range(count))]


def told_by(program):
    """Return gdb's output for each probe, by name. One gdb process reads the
    symbols once for all probes."""
    said = gdb(program, *(command for name, count in PROBES.items()
                          for command in stop_at(name, count)))
    return dict(part.split('\n', 1) for part in said.split(MARK)[1:])


def check_probe(told, name, count):
    """Return the arguments of a probe, the first of which must not be NULL."""
    said = told.get(name, '')
    values = re.findall(r'(?m)^\$\d+ = (\S+)', said)
    if len(values) != count + 1 or values[0] != str(count):
        fail(name, 'has the arguments', *values, '\n', said)
    if int(values[1], 16) == 0:
        fail(name, 'has NULL as its first argument\n', said)
    return [int(value, 16) for value in values[1:]]


def check_probes(root, program):
    printed = told_by(program)
    told = {name: check_probe(printed, name, count)
            for name, count in PROBES.items()}
    last = len(kinds.kinds(root))
    if not 0 < told['new'][1] < last or not 0 < told['settle'][1] < last:
        fail('an invalid kind:', told)
    if told['settle'][2] & 3 not in (1, 2):
        fail('an invalid state of a settled promise:', told)
    if told['job_begin'][2] != told['job_end'][0]:
        fail('a job begins and ends on different loops:', told)


def main():
    root, program, built = sys.argv[1:]
    if built != 'true':
        without('missing: sys/sdt.h (systemtap-sdt-dev), or -Dprobes=enabled')
    missing = check_script(root, os.path.abspath(program))
    if shutil.which('gdb') is None:
        without('missing: gdb')
    if '= 42' not in gdb(program, 'break main', 'run >/dev/null',
                         'print 40 + 2'):
        without('skipped: gdb cannot run programs')
    check_places(program)
    check_probes(root, program)
    if missing:
        without(missing)
    print('all passed')


if __name__ == '__main__':
    main()
